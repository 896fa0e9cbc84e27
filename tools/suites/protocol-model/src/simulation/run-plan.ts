import type { CopyPolicy, Day } from '@dwh/core'
import type { Work } from './invariants.ts'

/** The functions under test. */
export type Code = typeof import('./code.ts')

/** A table of a run, as its source and the settings have it. */
export interface PlannedTable {
  readonly name: string
  /** False: its current files have its rows, and are named again. */
  readonly changed: boolean
  readonly complete: CopyPolicy
}

export interface RunPlan {
  readonly runId: string
  readonly date: Day
  readonly tables: readonly PlannedTable[]
  /** Current tables that it has not are dropped. */
  readonly drops: boolean
  /** Null: runs without a lease. */
  readonly leaseMs: number | null
  /** Cleans first, as the pipeline does. Users of the library may skip this. */
  readonly cleans: boolean
  /** Whether that looks at all objects. */
  readonly whole: boolean
  /** Stores its files, then fails, and notes the failure. */
  readonly fails: boolean
  /** Returns an id for what a take-over stores. */
  readonly newId: () => string
  /** Called with the fencing token of the base. */
  readonly onBase?: (token: number) => void
  /** Called with what it is going to publish, before it stores any of it. */
  readonly onWork?: (work: Work) => void
}
