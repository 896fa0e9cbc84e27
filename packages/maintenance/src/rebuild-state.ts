import {
  type Day,
  type DayManifest,
  type EtlState,
  emptyRecord,
  type FileFooter,
  FOOTER_KEY,
  highestColumnId,
  type IndexRoot,
  type SourceIdentity,
  type TableEntry,
} from '@dwh/core'
import { countRows, EMPTY_STATE } from '@dwh/metadata'
import type { ParquetWriter } from '@dwh/parquet-writer'
import type { ObjectFiles } from './object-files.ts'
import { parseFooter } from './rebuild-day.ts'

/** What is known to be current. */
type Current = Pick<IndexRoot, 'sources'> & { readonly names: readonly string[] | undefined }

/**
 * Rebuilds `etl.json`: the last day of each table becomes current, if `root` or, without one, the files of the last run
 * say that the table is current. Its `fencing_token` is the time in milliseconds: higher than any count of runs, so
 * that no run in flight can mistake it for an earlier one.
 */
export async function rebuildState(
  manifests: ReadonlyMap<Day, DayManifest>,
  root: IndexRoot | undefined,
  files: ObjectFiles,
  writer: Pick<ParquetWriter, 'inspect'>,
  now: Date,
): Promise<EtlState> {
  const last = new Map<string, TableEntry>()
  const columnIds: Record<string, number> = emptyRecord()
  for (const day of [...manifests.keys()].sort())
    for (const [name, entry] of Object.entries(manifests.get(day)?.tables ?? {})) {
      last.set(name, entry)
      columnIds[name] = Math.max(columnIds[name] ?? 0, highestColumnId(entry.columns))
    }
  const entries = [...last.values()].sort((a, b) => (a.run_id < b.run_id ? 1 : -1))
  const [newest] = entries
  if (!newest) return { ...EMPTY_STATE, fencing_token: now.getTime() }
  const { names, sources } = root
    ? { names: Object.keys(root.current), sources: root.sources }
    : await currentByFooters(entries, newest.run_id, files, writer)
  const tables = Object.fromEntries([...last].filter(([name]) => names === undefined || names.includes(name)))
  const former = [...last.keys()].filter((name) => !Object.hasOwn(tables, name)).sort()
  // no file says of which tables a run was
  const { last_run_of_all: _, ...empty } = EMPTY_STATE
  return {
    ...empty,
    ...(former.length === 0 ? {} : { former_tables: former }),
    status: 'success',
    run_id: newest.run_id,
    last_run_at: newest.snapshot.taken_at,
    counts: countRows(tables),
    sources,
    column_ids: { ...columnIds },
    fencing_token: now.getTime(),
    tables,
  }
}

/** `entries`: newest first. */
async function currentByFooters(
  entries: readonly TableEntry[],
  lastRun: string,
  files: ObjectFiles,
  writer: Pick<ParquetWriter, 'inspect'>,
): Promise<Current> {
  const sources: Record<string, SourceIdentity> = {}
  let names: readonly string[] | undefined
  for (const entry of entries) {
    const wanted = names === undefined && entry.run_id === lastRun
    if (!wanted && sources[entry.source.name] !== undefined) continue
    const footer = await footerOf(entry, files, writer)
    if (wanted) names = footer?.current
    if (footer?.identity) sources[entry.source.name] ??= footer.identity
  }
  return { names, sources }
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
