import { matchesTable, own, runStartedAt, type TableName } from '@dwh/core'

/** The parts of `dwh status --json` that the scheduler needs. */
export interface WarehouseView {
  readonly storage: string
  /** When the last good run was committed; null before the first. */
  readonly lastRunAt: Date | null
  readonly durationMs: number | null
  readonly runId: string | null
  /** The last good run of all tables; null: none yet; undefined: a repair, or a `dwh` of before, did not note it. */
  readonly ofAll: RunOfAllView | null | undefined
  readonly tables: Readonly<Record<string, TableView>>
  /** Tables that the last run failed to load, with the reason and the start of that run. */
  readonly failedTables: Readonly<Record<string, FailedTableView>>
  /** All days together; null where the storage cannot be listed, or holds more than was counted. */
  readonly size: WarehouseSizeView | null
  /** Message of the last failed run, if none succeeded since. A stopped run does not count as failed. */
  readonly lastFailure: string | null
}

export interface RunOfAllView {
  readonly startedAt: Date | null
  /** When it was committed. */
  readonly at: Date
  readonly durationMs: number
}

export interface WarehouseSizeView {
  readonly days: number
  readonly objects: number
  readonly bytes: number
}

export interface FailedTableView {
  readonly message: string
  readonly startedAt: Date | null
}

export interface TableView {
  /** Its name in the source. */
  readonly source: TableName
  readonly rows: number
  readonly bytes: number
  /** Start of the run that loaded it. */
  readonly startedAt: Date | null
  /** Types by column name, as `BIGINT` or `BIGINT not null`. */
  readonly columns: Readonly<Record<string, string>>
}

interface StatusJson {
  readonly storage: string
  /** Not null if the storage did not answer: the time at which this status was read. */
  readonly remembered_at: string | null
  readonly last_run_at: string | null
  readonly duration_ms: number | null
  readonly run_id: string | null
  readonly last_run_of_all?: { readonly run_id: string; readonly at: string; readonly duration_ms: number } | null
  readonly failed_tables: Readonly<Record<string, { readonly message: string; readonly run_id: string }>>
  readonly last_failure: { readonly code: string; readonly message: string } | null
  readonly days: number | null
  readonly all_objects: number | null
  readonly all_bytes: number | null
  /** Whether every object was counted; null where none was. */
  readonly all_counted: boolean | null
  readonly current: Readonly<
    Record<
      string,
      {
        readonly source: { readonly schema: string; readonly table: string }
        readonly rows: number
        readonly bytes: number
        readonly started_at: string | null
        readonly columns: readonly { readonly name: string; readonly type: string; readonly nullable: boolean }[]
      }
    >
  >
}

/** Parses the output of `dwh status --json` of the same version; null if the storage did not answer. */
export function readView(answer: unknown): WarehouseView | null {
  const status = answer as StatusJson
  if (status.remembered_at !== null) return null
  return {
    storage: status.storage,
    lastRunAt: dateOrNull(status.last_run_at),
    durationMs: status.duration_ms,
    runId: status.run_id,
    ofAll: runOfAll(status),
    tables: mapValues(status.current, ({ source, rows, bytes, started_at, columns }) => ({
      source: { schema: source.schema, name: source.table },
      rows,
      bytes,
      startedAt: dateOrNull(started_at),
      columns: Object.fromEntries(
        columns.map(({ name, type, nullable }) => [name, nullable ? type : `${type} not null`]),
      ),
    })),
    failedTables: mapValues(status.failed_tables, ({ message, run_id }) => ({
      message,
      startedAt: runStartedAt(run_id),
    })),
    size: sizeOf(status),
    lastFailure:
      status.last_failure === null || status.last_failure.code === 'ABORTED' ? null : status.last_failure.message,
  }
}

function sizeOf({ days, all_objects: objects, all_bytes: bytes, all_counted }: StatusJson): WarehouseSizeView | null {
  return all_counted && days !== null && objects !== null && bytes !== null ? { days, objects, bytes } : null
}

function runOfAll({ last_run_of_all: last }: StatusJson): RunOfAllView | null | undefined {
  if (!last) return last
  return { startedAt: runStartedAt(last.run_id), at: new Date(last.at), durationMs: last.duration_ms }
}

/** The last good run of all tables, or, if that is not known, the last good run; null: none yet. */
export function lastRun({
  ofAll,
  lastRunAt: at,
  durationMs,
}: WarehouseView): (Pick<WarehouseView, 'durationMs'> & { readonly at: Date }) | null {
  return ofAll === undefined ? at && { at, durationMs } : ofAll
}

/**
 * Start of the oldest run that loaded a current table; null before the first run of all tables. A run of some tables
 * does not make the others newer, nor does it count as one of all tables, whatever it read. A run by a clock that is a
 * day or more ahead counts as infinitely old.
 */
export function coveredSince(view: WarehouseView, now: Date): Date | null {
  const { ofAll, tables, failedTables } = view
  if (ofAll === null) return null
  // any table that did not fail is of the last run of all tables, or newer
  const names = Object.keys(tables).filter((name) => !ofAll || own(failedTables, name) !== undefined)
  const starts = names.map((name) => tables[name]?.startedAt ?? null)
  return oldest(ofAll ? [ofAll.startedAt, ...starts] : starts, now)
}

/** The same for runs that tried to load a table, successfully or not. */
export function triedSince(view: WarehouseView, now: Date): Date | null {
  const { ofAll, tables, failedTables } = view
  if (ofAll !== undefined) return ofAll && oldest([ofAll.startedAt], now)
  const starts = Object.entries(tables).map(([name, { startedAt }]) => own(failedTables, name)?.startedAt ?? startedAt)
  return oldest(starts, now)
}

/** As `coveredSince`, for the tables that match one of these patterns, by any run; null if there are none. */
export function someCoveredSince(view: WarehouseView, patterns: readonly string[], now: Date): Date | null {
  return oldest(
    matching(view, patterns).map(([name]) => readSince(view, name)),
    now,
  )
}

/** As `triedSince`, for the tables that match one of these patterns, by any run; null if there are none. */
export function someTriedSince(view: WarehouseView, patterns: readonly string[], now: Date): Date | null {
  return oldest(
    matching(view, patterns).map(([name]) => own(view.failedTables, name)?.startedAt ?? readSince(view, name)),
    now,
  )
}

function matching({ tables }: WarehouseView, patterns: readonly string[]): [string, TableView][] {
  return Object.entries(tables).filter(([, { source }]) => patterns.some((pattern) => matchesTable(pattern, source)))
}

/** Start of the last run that has read a current table. */
function readSince({ tables, failedTables, ofAll }: WarehouseView, name: string): Date | null {
  const startedAt = own(tables, name)?.startedAt ?? null
  const last = own(failedTables, name) === undefined ? (ofAll?.startedAt ?? null) : null
  return startedAt !== null && last !== null && last > startedAt ? last : startedAt
}

const CLOCKS_DIFFER_MS = 86_400_000

function oldest(starts: readonly (Date | null)[], now: Date): Date | null {
  const known = starts.map((start) =>
    start && start.getTime() - now.getTime() < CLOCKS_DIFFER_MS ? start.getTime() : 0,
  )
  return known.length === 0 ? null : new Date(Math.min(...known))
}

function dateOrNull(text: string | null): Date | null {
  return text === null ? null : new Date(text)
}

function mapValues<A, B>(values: Readonly<Record<string, A>>, map: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, map(value)]))
}
