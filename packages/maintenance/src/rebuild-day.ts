import {
  type Day,
  type DayManifest,
  DwhError,
  type FileFooter,
  FOOTER_KEY,
  isDwhError,
  parseTableName,
  partKey,
  type TableEntry,
  tableFileKey,
  writtenBy,
} from '@dwh/core'
import { FORMAT_VERSION, parseManifest, serialise, upgradeFooter } from '@dwh/metadata'
import type { ParquetWriter } from '@dwh/parquet-writer'
import type { ObjectFiles, SeenFile } from './object-files.ts'

/** A day's manifest, rebuilt from its Parquet files, and the files that could not be used, with the reason. */
export interface RebuiltDay {
  readonly manifest: DayManifest | null
  readonly left: readonly { readonly key: string; readonly why: string }[]
}

/** The errors of reading a file that is damaged, or that does not belong to this warehouse. */
const UNUSABLE = ['STATE_INVALID', 'WRITE_FAILED', 'DAMAGED', 'CONFIG_INVALID'] as const

/** Rebuilds the manifest of a day from the footers of its files. `keys`: those files, at most one per table. */
export async function rebuildDay(
  day: Day,
  keys: readonly string[],
  files: ObjectFiles,
  writer: Pick<ParquetWriter, 'inspect'>,
): Promise<RebuiltDay> {
  const tables: Record<string, TableEntry> = {}
  const left: { key: string; why: string }[] = []
  for (const key of keys) {
    try {
      const found = await files.read(key, (seen) => readEntry(day, key, seen, writer))
      if (found) tables[found.name] = found.entry
      else left.push({ key, why: `${key}: missing` })
    } catch (error) {
      if (!UNUSABLE.some((code) => isDwhError(error, code))) throw error
      left.push({ key, why: (error as Error).message })
    }
  }
  const runs = Object.values(tables).map((entry) => entry.run_id)
  const run_id = runs.sort().at(-1)
  return { manifest: run_id === undefined ? null : { version: FORMAT_VERSION, date: day, run_id, tables }, left }
}

/** @throws DwhError STATE_INVALID, WRITE_FAILED for a file that is damaged or does not belong to this warehouse */
async function readEntry(
  day: Day,
  key: string,
  { path, bytes, sha256 }: SeenFile,
  writer: Pick<ParquetWriter, 'inspect'>,
): Promise<{ readonly name: string; readonly entry: TableEntry }> {
  const { rows, metadata } = await writer.inspect(path)
  const footer = parseFooter(key, metadata[FOOTER_KEY])
  const { version, name, identity: __, current: ___, ...known } = footer
  const table = parseTableName(name)
  const runId = writtenBy(key)
  const expected = runId === null ? tableFileKey(table, day) : partKey(table, known.date, runId)
  // a later day may name the file, too; up to version 3 each day had its own
  const isOfDay = version < 4 ? known.date === day : known.date <= day
  if (expected !== key || !isOfDay)
    throw new DwhError('STATE_INVALID', `${key}: its footer names table ${name} of ${known.date}`)
  // only the lost manifest contained the full proof; the number of rows is all that is known now
  const entry: TableEntry = {
    ...known,
    date: day,
    files: [{ key, rows, bytes, sha256 }],
    proof: { level: 'counts', rows },
  }
  // as strict as every other reader of an entry
  parseManifest(key, serialise({ version: FORMAT_VERSION, date: day, run_id: entry.run_id, tables: { [name]: entry } }))
  return { name, entry }
}

/** @throws DwhError STATE_INVALID */
export function parseFooter(key: string, text: string | undefined): FileFooter {
  try {
    const footer = upgradeFooter(JSON.parse(text ?? '') as FileFooter)
    if (typeof footer.name === 'string' && typeof footer.date === 'string') return footer
  } catch {
    // reported below
  }
  throw new DwhError('STATE_INVALID', `${key}: its footer does not name its table`)
}

/** Takes the entries of `etl.json` for the same bytes: they contain more than the files do. */
export function withProofs(manifest: DayManifest, known: DayManifest['tables']): DayManifest {
  const tables = Object.entries(manifest.tables).map(([name, entry]) => {
    const same = known[name]?.files.every(({ sha256 }, index) => sha256 === entry.files[index]?.sha256)
    return [name, same && known[name] ? known[name] : entry] as const
  })
  return { ...manifest, tables: Object.fromEntries(tables) }
}
