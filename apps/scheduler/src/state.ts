import type { OutcomeResult } from './outcome.ts'
import type { Job } from './settings.ts'
import type { WarehouseView } from './warehouse-view.ts'

/** All that the scheduler knows. It is kept nowhere: a new one learns from `etl.json` what it needs. */
export interface SchedulerState {
  readonly startedAt: Date
  /** When something is to be done; null: never. `look`: only to see whether the warehouse is stale. */
  readonly due: Readonly<Record<Job | 'look', Date | null>>
  /** The run that is due is made whether the warehouse needs it or not. */
  readonly forced: boolean
  /** Retries of the run that is due, so far. */
  readonly retry: number
  /** How often the run or job that is due has found another under way. */
  readonly locked: number
  readonly running: Job | null
  /** As last seen; null before it was seen. */
  readonly view: WarehouseView | null
  /** Whether the last look succeeded. */
  readonly seen: boolean
  readonly staleSince: Date | null
  /** When the scheduler started, the last run had failed, and none was good since. */
  readonly failedBefore: boolean
  /** Tables that were said to be kept from before. */
  readonly partial: { readonly names: string; readonly saidAt: Date } | null
  readonly jobs: Readonly<Record<Job, JobHistory>>
}

/** Of one job, since the scheduler started. */
export interface JobHistory {
  readonly outcomes: Readonly<Partial<Record<OutcomeResult, number>>>
  readonly lastSuccessAt: Date | null
  readonly lastDurationMs: number | null
  /** Since it went well. */
  readonly failures: number
  readonly failing: Failing | null
  /** What `dwh verify` found last: problems by kind; null before the first. */
  readonly problems: Readonly<Record<string, number>> | null
}

export interface Failing {
  readonly since: Date
  readonly message: string
  /** Null: not said yet. */
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
