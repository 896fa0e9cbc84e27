import type { Scenario } from './scenario.ts'
import type { Commit, DevCommit, Stored, Warehouse } from './warehouse.ts'

/** The grace, in ticks of the clock. */
export const GRACE = 1

/*
 * On a store without conditional writes, a tick is two days: nobody writes `etl.json` later than that after reading it,
 * the grace is less than a tick, and a collector waits for three ticks.
 */
export const LONGEST_RUN = 1
export const WAIT = 3

/** How long a lease lasts. */
export const LEASE = 2

export interface Context {
  readonly scenario: Scenario
  readonly grace: number
  has(flaw: string): boolean
  /** Whether a write of a commit file lands, on the condition that it still is `base`. */
  lands(found: Commit | DevCommit | null, base: Commit | DevCommit | null): boolean
  /** Puts an object. */
  put(w: Warehouse, key: string, value: Stored): Partial<Warehouse>
}
