import type { Config } from '@dwh/config'
import type { Day, EtlState, ObjectStore, ReadOptions, RunRecord } from '@dwh/core'
import type { PruneReport, RepairReport, VerifyReport } from '@dwh/maintenance'
import type { RunPlan, RunReport } from '@dwh/pipeline'
import type { Session } from '@dwh/query'
import type { OpenedStorage } from './adapters/adapter.ts'
import type { DayDescription } from './describe-days.ts'
import type { Finding } from './doctor/finding.ts'
import type { TableExport } from './export/table-export.ts'
import type { WarehouseSize } from './measure-warehouse.ts'
import type { ViewsScript } from './print-views.ts'
import type { TablesOf } from './read-tables.ts'
import type {
  ExportRequest,
  PlanRequest,
  PruneRequest,
  RepairRequest,
  RunRequest,
  SessionRequest,
  VerifyRequest,
  ViewsRequest,
} from './requests.ts'

/** A session, and the day and instants of its tables. `show` changes the tables, not these. */
export type WarehouseSession = Session & Pick<TablesOf, 'day' | 'askedDay' | 'takenAt'>

/**
 * A warehouse: read its tables of any day, query them, and run the pipeline. Each method opens what it needs.
 */
export interface Warehouse {
  readonly config: Config
  /** Gives access to the objects of the warehouse. */
  readonly store: ObjectStore
  /** Reads `etl.json`. */
  state(): Promise<EtlState>
  /** Lists every day of the warehouse, in order. */
  days(): Promise<Day[]>
  /** Describes the last `limit` days, newest first: tables, rows, bytes, and how each differs from the day before. */
  describeDays(limit: number): Promise<DayDescription[]>
  /** Measures all days together, by a list of the objects; null for a storage that cannot be listed. */
  size(): Promise<WarehouseSize | null>
  /**
   * Reads the current tables, or those of the last day at or before `asOf`, with their files. The answer says the day.
   * `asOf` is a day as in `SessionRequest`.
   */
  tables(asOf?: string, options?: ReadOptions): Promise<TablesOf>
  /** Reads the records of past runs, newest first. */
  history(limit: number): Promise<RunRecord[]>
  /** Opens a DuckDB session over the current tables, or those of a day. The caller closes it. */
  session(request?: SessionRequest): Promise<WarehouseSession>
  /**
   * Finds a table as of a day, to write it as one Parquet file. `signal` also ends the writing.
   *
   * @example
   * const orders = await warehouse.export({ table: 'orders', asOf: '2026-02-18' })
   * const { path, sha256 } = await orders.toFile()
   *
   * @throws DwhError CONFIG_INVALID if there is no such table or day; ABORTED
   */
  export(request: ExportRequest): Promise<TableExport>
  /** Returns SQL that creates a view for each table in any DuckDB, and drops the views of tables that have left. */
  views(request?: ViewsRequest): Promise<ViewsScript>
  /** Returns what a run would do now. */
  plan(request?: PlanRequest): Promise<RunPlan>
  /** Reads the sources and publishes all tables, or throws and changes nothing. */
  run(request?: RunRequest): Promise<RunReport>
  /** Checks every file against its committed size and SHA-256. */
  verify(request?: VerifyRequest): Promise<VerifyReport>
  /** Finishes or removes interrupted runs, and rebuilds `etl.json` and manifests. */
  repair(request?: RepairRequest): Promise<RepairReport>
  /** Removes old days, or reports which it would remove. */
  prune(request?: PruneRequest): Promise<PruneReport>
  /** Tests every connection and permission that a run and a query need, in order; `timeoutMs` limits each check. */
  examine(limits: { readonly timeoutMs: number }): AsyncGenerator<Finding>
  /** Returns the least-privilege policy for the storage; null if the storage has no policies. */
  readonly policy: OpenedStorage['policy'] | null
  /** Settings of the storage for a configuration file, without credentials. */
  readonly described: OpenedStorage['described']
  /** Ends operations in progress with ABORTED and waits for them. Callers close their own sessions. */
  close(): Promise<void>
}
