import { own, runStartedAt } from '@dwh/core'

/** The parts of `dwh status --json` that the scheduler needs. */
export interface WarehouseView {
  readonly storage: string
  /** When the last good run was committed; null before the first. */
  readonly lastRunAt: Date | null
  readonly durationMs: number | null
  readonly runId: string | null
  readonly tables: Readonly<Record<string, TableView>>
  /** Tables that the last run failed to load, with the reason and the start of that run. */
  readonly failedTables: Readonly<Record<string, FailedTableView>>
  /** All days together; null where the storage cannot be listed, or holds more than was counted. */
  readonly size: WarehouseSizeView | null
  /** Message of the last failed run, if none succeeded since. A stopped run does not count as failed. */
  readonly lastFailure: string | null
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
    tables: mapValues(status.current, ({ rows, bytes, started_at, columns }) => ({
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

/**
 * Start of the oldest run that loaded a current table; null before the first run. A run of some tables does not make
 * the others newer. A run by a clock that is a day or more ahead counts as infinitely old.
 */
export function coveredSince(view: WarehouseView, now: Date): Date | null {
  return oldest(
    Object.values(view.tables).map(({ startedAt }) => startedAt),
    now,
  )
}

/** The same for runs that tried to load a table, successfully or not. */
export function triedSince(view: WarehouseView, now: Date): Date | null {
  const { tables, failedTables } = view
  const starts = Object.entries(tables).map(([name, { startedAt }]) => own(failedTables, name)?.startedAt ?? startedAt)
  return oldest(starts, now)
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
