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
 * A warehouse: tables of any day, questions, and the runs that renew it. Nothing of it is open until it is asked for.
 */
export interface Warehouse {
  readonly config: Config
  /** Its objects, for other programs. */
  readonly store: ObjectStore
  /** `etl.json`. */
  state(): Promise<EtlState>
  /** Every day that there is, in order. */
  days(): Promise<Day[]>
  /** The tables that are current, or those of a day, with their files. */
  tables(asOf?: string, options?: ReadOptions): Promise<TablesOf>
  /** Records of past runs, the newest first. */
  history(limit: number): Promise<RunRecord[]>
  /** DuckDB over the tables that are current, or those of a day. The caller closes it. */
  session(request?: SessionRequest): Promise<Session>
  /** The SQL that gives any DuckDB a view for each table. */
  views(asOf?: string): Promise<string>
  /** What a run would do now. */
  plan(request?: PlanRequest): Promise<RunPlan>
  /** Reads the sources and publishes, or throws and leaves everything as it was. */
  run(request?: RunRequest): Promise<RunReport>
  verify(request?: VerifyRequest): Promise<VerifyReport>
  repair(request?: RepairRequest): Promise<RepairReport>
  prune(request?: PruneRequest): Promise<PruneReport>
  /** Tries every connection and every permission that a run and a query need, in order. Each check may take so long. */
  examine(limits: { readonly timeoutMs: number }): AsyncGenerator<Finding>
  /** The least policy for the storage, where it has such a thing; null otherwise. */
  readonly policy: OpenedStorage['policy'] | null
  /** What a configuration file would say of the storage, without credentials. */
  readonly described: OpenedStorage['described']
  /** Ends what is still under way, with ABORTED, and waits until it has. Sessions are their callers'. */
  close(): Promise<void>
}
