import type { OutcomeResult } from './outcome.ts'
import type { Job } from './settings.ts'
import type { WarehouseView } from './warehouse-view.ts'

/** The whole state of the scheduler. It is only in memory: a new scheduler reads what it needs from `etl.json`. */
export interface SchedulerState {
  readonly startedAt: Date
  /** When each job is due; null: never. `look` only reads whether the warehouse is stale. */
  readonly due: Readonly<Record<Job | 'look', Date | null>>
  /** Make the due run even if the warehouse does not need it. */
  readonly forced: boolean
  /** Retries of the due run so far. */
  readonly retry: number
  /** How often the due run or job found that another one holds the lease. */
  readonly locked: number
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
  readonly jobs: Readonly<Record<Job, JobHistory>>
}

/** History of one job since the scheduler started. */
export interface JobHistory {
  readonly outcomes: Readonly<Partial<Record<OutcomeResult, number>>>
  readonly lastSuccessAt: Date | null
  readonly lastDurationMs: number | null
  /** Failures since the last success. */
  readonly failures: number
  readonly failing: Failing | null
  /** Problems by kind that the last `dwh verify` found; null before the first. */
  readonly problems: Readonly<Record<string, number>> | null
}

export interface Failing {
  readonly since: Date
  readonly message: string
  /** When the last alert was sent; null: none yet. */
  readonly alertedAt: Date | null
}

export const NEW_JOB: JobHistory = {
  outcomes: {},
  lastSuccessAt: null,
  lastDurationMs: null,
  failures: 0,
  failing: null,
  problems: null,
}
