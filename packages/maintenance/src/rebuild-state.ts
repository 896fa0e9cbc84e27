import {
  type Day,
  type DayManifest,
  type EtlState,
  type FileFooter,
  FOOTER_KEY,
  type SourceIdentity,
  type TableEntry,
} from '@dwh/core'
import { EMPTY_STATE } from '@dwh/metadata'
import type { ParquetWriter } from '@dwh/parquet-writer'
import type { ObjectFiles } from './object-files.ts'
import { parseFooter } from './rebuild-day.ts'

/**
 * Rebuilds `etl.json`: the last day of each table becomes current, if the files of the last run list the table as
 * current. Its `fencing_token` is the time in milliseconds: higher than any count of runs, so that no run in flight can
 * mistake it for an earlier one.
 */
export async function rebuildState(
  manifests: ReadonlyMap<Day, DayManifest>,
  files: ObjectFiles,
  writer: Pick<ParquetWriter, 'inspect'>,
  now: Date,
): Promise<EtlState> {
  const last = new Map<string, TableEntry>()
  for (const day of [...manifests.keys()].sort())
    for (const [name, entry] of Object.entries(manifests.get(day)?.tables ?? {})) last.set(name, entry)
  const entries = [...last].sort(([, a], [, b]) => (a.run_id < b.run_id ? 1 : -1))
  const [newest] = entries
  if (!newest) return { ...EMPTY_STATE, fencing_token: now.getTime() }
  const sources: Record<string, SourceIdentity> = {}
  let current: readonly string[] | undefined
  for (const [, entry] of entries) {
    const wanted = current === undefined && entry.run_id === newest[1].run_id
    if (!wanted && sources[entry.source.name] !== undefined) continue
    const footer = await footerOf(entry, files, writer)
    if (wanted) current = footer?.current
    if (footer?.identity) sources[entry.source.name] ??= footer.identity
  }
  const tables = Object.fromEntries([...last].filter(([name]) => current === undefined || current.includes(name)))
  const former = [...last.keys()].filter((name) => !Object.hasOwn(tables, name)).sort()
  return {
    ...EMPTY_STATE,
    ...(former.length === 0 ? {} : { former_tables: former }),
    status: 'success',
    run_id: newest[1].run_id,
    last_run_at: newest[1].snapshot.taken_at,
    counts: Object.fromEntries(
      Object.entries(tables).map(([name, { files: of }]) => [name, of.reduce((sum, { rows }) => sum + rows, 0)]),
    ),
    sources,
    fencing_token: now.getTime(),
    tables,
  }
}

/** Reads the footer of a table's file; null when it cannot be read. */
async function footerOf(
  entry: TableEntry,
  files: ObjectFiles,
  writer: Pick<ParquetWriter, 'inspect'>,
): Promise<FileFooter | null> {
  const [file] = entry.files
  if (!file) return null
  return files
    .read(file.key, async ({ path }) => parseFooter(file.key, (await writer.inspect(path)).metadata[FOOTER_KEY]))
    .catch(() => null)
}
