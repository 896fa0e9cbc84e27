import { type Day, type DayManifest, type EtlState, type ObjectStore, sizeOfFiles, type TableEntry } from '@dwh/core'
import { listDays } from '@dwh/metadata'
import { readManifests } from './read-manifests.ts'

/** One day of the warehouse, as its manifest describes it. */
export interface DayDescription {
  readonly day: Day
  /** The last run that wrote the manifest. */
  readonly runId: string
  readonly tables: number
  readonly rows: number
  readonly bytes: number
  /** Null for the first day of the warehouse. */
  readonly changes: DayChanges | null
}

/** How a day differs from the day before it in the warehouse. Tables are sorted by name. */
export interface DayChanges {
  /** The day before. */
  readonly since: Day
  readonly added: readonly string[]
  /** Tables of the day before that are not in the manifest of this day. */
  readonly removed: readonly string[]
  /** Tables of both days with other columns: their names, types, order or NOT NULL. */
  readonly altered: readonly string[]
  /** Number of tables of both days with other files, and with the same files. */
  readonly newFiles: number
  readonly sameFiles: number
  /** Rows of this day minus rows of the day before. */
  readonly rows: number
}

/**
 * Describes the last `limit` days, newest first. Reads the manifests of these days and of the day before them, and no
 * other object.
 */
export async function describeDays(
  store: ObjectStore,
  state: EtlState,
  limit: number,
  signal: AbortSignal | undefined,
): Promise<DayDescription[]> {
  const days = (await listDays(store, state, { signal })).reverse().slice(0, limit + 1)
  const described: DayDescription[] = []
  let later: DayManifest | null = null
  for await (const manifest of readManifests(store, state, days, signal)) {
    if (later) described.push(describe(later, manifest))
    later = manifest
  }
  if (later) described.push(describe(later, null))
  return described.slice(0, limit)
}

function describe(manifest: DayManifest, before: DayManifest | null): DayDescription {
  const { date, run_id, tables } = manifest
  const { rows, bytes } = sizeOf(manifest)
  const changes = before && changesBetween(before, manifest)
  return { day: date, runId: run_id, tables: Object.keys(tables).length, rows, bytes, changes }
}

function changesBetween(before: DayManifest, after: DayManifest): DayChanges {
  const [was, is] = [new Map(Object.entries(before.tables)), new Map(Object.entries(after.tables))]
  const both = [...is].flatMap(([name, entry]) => {
    const earlier = was.get(name)
    return earlier ? [{ name, entry, earlier }] : []
  })
  const same = both.filter(({ entry, earlier }) => filesOf(entry) === filesOf(earlier)).length
  return {
    since: before.date,
    added: [...is.keys()].filter((name) => !was.has(name)).sort(),
    removed: [...was.keys()].filter((name) => !is.has(name)).sort(),
    altered: both
      .filter(({ entry, earlier }) => columnsOf(entry) !== columnsOf(earlier))
      .map(({ name }) => name)
      .sort(),
    newFiles: both.length - same,
    sameFiles: same,
    rows: sizeOf(after).rows - sizeOf(before).rows,
  }
}

function sizeOf({ tables }: DayManifest): ReturnType<typeof sizeOfFiles> {
  return sizeOfFiles(Object.values(tables).flatMap(({ files }) => files))
}

const filesOf = ({ files }: TableEntry): string => files.map(({ sha256 }) => sha256).join()

const columnsOf = ({ columns }: TableEntry): string =>
  JSON.stringify(columns.map(({ name, type, nullable }) => [name, type, nullable]))
