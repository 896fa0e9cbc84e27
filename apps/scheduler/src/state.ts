import type { OutcomeResult } from './outcome.ts'
import type { Job } from './settings.ts'
import type { WarehouseView } from './warehouse-view.ts'

/** The whole state of the scheduler. It is only in memory: a new scheduler reads what it needs from `etl.json`. */
export interface SchedulerState {
  readonly startedAt: Date
  /**
   * When each job is due; null: never. In the order in which they run if several are due at once. `look` only reads
   * whether the warehouse is stale.
   */
  readonly due: Readonly<Record<Job | 'look', Date | null>>
  /** Make the due run of all tables even if the warehouse does not need it. */
  readonly forced: boolean
  readonly running: Job | null
  /** Status of the warehouse as last read; null before the first read. */
  readonly view: WarehouseView | null
  /** Whether the last read of the warehouse succeeded. */
  readonly seen: boolean
  readonly staleSince: Date | null
  /** When the scheduler started, the last run had failed; none has succeeded since. */
  readonly failedBefore: boolean
  /** Tables of the last alert about tables that still show the previous version. */
  readonly partial: { readonly names: string; readonly saidAt: Date } | null
  /** Jobs that have ended once; `historyOf` returns that of any job. */
  readonly jobs: Readonly<Partial<Record<Job, JobHistory>>>
}

/** History of one job since the scheduler started. */
export interface JobHistory {
  readonly outcomes: Readonly<Partial<Record<OutcomeResult, number>>>
  readonly lastSuccessAt: Date | null
  readonly lastDurationMs: number | null
  /** Failures since the last success. */
  readonly failures: number
  readonly failing: Failing | null
  /** Retries of the due run so far. */
  readonly retry: number
  /** How often the due job found that another one holds the lease. */
  readonly locked: number
  /** What the log said last about foreign keys of this run of some tables; null: nothing. */
  readonly foreignKeys: string | null
  /** Problems by kind that the last `dwh verify` found; null before the first. */
  readonly problems: Readonly<Record<string, number>> | null
}

export interface Failing {
  readonly since: Date
  readonly message: string
  /** When the last alert was sent; null: none yet. */
  readonly alertedAt: Date | null
}

const NEW_JOB: JobHistory = {
  outcomes: {},
  lastSuccessAt: null,
  lastDurationMs: null,
  failures: 0,
  failing: null,
  retry: 0,
  locked: 0,
  foreignKeys: null,
  problems: null,
}

export function historyOf({ jobs }: Pick<SchedulerState, 'jobs'>, job: Job): JobHistory {
  return jobs[job] ?? NEW_JOB
}
