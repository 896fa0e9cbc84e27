/** What `dwh status --json` says of the warehouse, as far as the scheduler needs it. */
export interface WarehouseView {
  readonly storage: string
  /** When the last good run was committed; null before the first. */
  readonly lastRunAt: Date | null
  readonly durationMs: number | null
  readonly runId: string | null
  readonly tables: Readonly<Record<string, TableView>>
  /** Current tables that are kept from before the last run, with the reason. */
  readonly failedTables: Readonly<Record<string, string>>
  /** Why the last run that failed did, if none was good since; one that was stopped did not fail. */
  readonly lastFailure: string | null
}

export interface TableView {
  readonly rows: number
  readonly bytes: number
  /** The start of the run that read it. */
  readonly startedAt: Date | null
  /** By name, as `BIGINT` or `BIGINT not null`. */
  readonly columns: Readonly<Record<string, string>>
}

interface StatusJson {
  readonly storage: string
  readonly last_run_at: string | null
  readonly duration_ms: number | null
  readonly run_id: string | null
  readonly failed_tables: Readonly<Record<string, { readonly message: string }>>
  readonly last_failure: { readonly code: string; readonly message: string } | null
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

/** Reads the answer of `dwh status --json`, of the same version as this program. */
export function readView(answer: unknown): WarehouseView {
  const status = answer as StatusJson
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
    failedTables: mapValues(status.failed_tables, ({ message }) => message),
    lastFailure:
      status.last_failure === null || status.last_failure.code === 'ABORTED' ? null : status.last_failure.message,
  }
}

/** Since when nothing of the warehouse is older: the start of the oldest run that a current table is of; null before the first. A run of some tables does not make the others newer. */
export function coveredSince(view: WarehouseView): Date | null {
  const starts = Object.values(view.tables).map(({ startedAt }) => startedAt?.getTime() ?? 0)
  return starts.length === 0 ? null : new Date(Math.min(...starts))
}

function dateOrNull(text: string | null): Date | null {
  return text === null ? null : new Date(text)
}

function mapValues<A, B>(values: Readonly<Record<string, A>>, map: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, map(value)]))
}
