import type { Config } from '@dwh/config'
import type { Day, EtlState, ObjectStore, ReadOptions, RunRecord } from '@dwh/core'
import type { PruneReport, RepairReport, VerifyReport } from '@dwh/maintenance'
import type { RunPlan, RunReport } from '@dwh/pipeline'
import type { Session } from '@dwh/query'
import type { OpenedStorage } from './adapters/adapter.ts'
import type { Finding } from './doctor/finding.ts'
import type { TablesOf } from './read-tables.ts'
import type { PlanRequest, PruneRequest, RepairRequest, RunRequest, SessionRequest, VerifyRequest } from './requests.ts'

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
  /** Reads the current tables, or those of a day, with their files. */
  tables(asOf?: string, options?: ReadOptions): Promise<TablesOf>
  /** Reads the records of past runs, newest first. */
  history(limit: number): Promise<RunRecord[]>
  /** Opens a DuckDB session over the current tables, or those of a day. The caller closes it. */
  session(request?: SessionRequest): Promise<Session>
  /** Returns SQL that creates a view for each table in any DuckDB. */
  views(asOf?: string): Promise<string>
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
