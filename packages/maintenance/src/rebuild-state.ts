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
 * Makes `etl.json` again: each table's last day is current, as far as the last run's files say that the table still was. Its `fencing_token` is the time in milliseconds, which
 * no run has counted up to, so that nothing that was under way can take it for an earlier one.
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
  return {
    ...EMPTY_STATE,
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

/** Null for a file that cannot be read: what it would say is then not known. */
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
