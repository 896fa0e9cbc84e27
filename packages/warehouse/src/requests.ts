import type { OnEvent, TableEntry } from '@dwh/core'
import type { Retention } from '@dwh/maintenance'
import type { LeaseHolder } from '@dwh/metadata'

interface Stoppable {
  /** Ends it, with ABORTED: nothing is published then. */
  readonly signal?: AbortSignal | undefined
}

export interface PlanRequest extends Stoppable {
  /** The day to store this as, `YYYY-MM-DD`. Default: today in the time zone of the settings. */
  readonly date?: string | undefined
  /** Only the tables that these patterns name. */
  readonly tables?: readonly string[] | undefined
  /** Allow a past day to be replaced. */
  readonly replace?: boolean | undefined
  /** Go on although a source is another database than before. */
  readonly acceptNewSource?: boolean | undefined
  readonly onEvent?: OnEvent | undefined
}

export interface RunRequest extends PlanRequest {
  /** Only while this is the last good run, null for none. */
  readonly ifLastRun?: string | null | undefined
}

export interface SessionRequest {
  /** The tables as they were on that day. */
  readonly asOf?: string | undefined
  /** These tables, which somebody has read already. */
  readonly tables?: Readonly<Record<string, TableEntry>> | undefined
}

export interface VerifyRequest extends Stoppable {
  /** The share of the files that are read whole. Default 1. */
  readonly sample?: number | undefined
  /** Also measure each file again, and compare it with its proof. */
  readonly deep?: boolean | undefined
}

/** Told whom it waits for. */
interface Waiting extends Stoppable {
  readonly onWait?: ((holder: LeaseHolder) => void) | undefined
}

export interface RepairRequest extends Waiting {}

export interface PruneRequest extends Waiting {
  /** Which days stay. Default: what the settings say. */
  readonly keep?: Retention | undefined
  /** Otherwise it only says what it would do. */
  readonly remove?: boolean | undefined
}
