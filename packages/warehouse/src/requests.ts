import type { OnEvent, TableEntry } from '@dwh/core'
import type { Retention } from '@dwh/maintenance'
import type { LeaseHolder } from '@dwh/metadata'

interface Stoppable {
  /** Ends the operation with ABORTED; it publishes nothing. */
  readonly signal?: AbortSignal | undefined
}

export interface PlanRequest extends Stoppable {
  /**
   * Day to store the tables under: `2026-02-18`, `yesterday`, `3 days ago`. Default: today in the time zone of the
   * settings.
   */
  readonly date?: string | undefined
  /** Read only tables that match these patterns. */
  readonly tables?: readonly string[] | undefined
  /** Allow replacing a past day. */
  readonly replace?: boolean | undefined
  /** Accept a source that is a different database than before. */
  readonly acceptNewSource?: boolean | undefined
  /** Read every table in full, also those that have not changed. */
  readonly fullRefresh?: boolean | undefined
  readonly onEvent?: OnEvent | undefined
}

export interface RunRequest extends PlanRequest {
  /** Run only if this is the ID of the last good run; null: no run yet. */
  readonly ifLastRun?: string | null | undefined
}

export interface SessionRequest {
  /**
   * Queries the tables of the last day at or before this one: `2026-02-18`, `yesterday`, `3 days ago`, or the end of
   * `2026-01` or `2025`. Default: the current tables.
   */
  readonly asOf?: string | undefined
  /** Tables to use, if the caller has already read them. */
  readonly tables?: Readonly<Record<string, TableEntry>> | undefined
}

export interface ViewsRequest {
  /** As in `SessionRequest`. */
  readonly asOf?: string | undefined
  /** Where the script finds the files, if not where the warehouse is: a folder, `s3://bucket/prefix`, `https://host`. */
  readonly root?: string | undefined
}

export interface ExportRequest extends Stoppable {
  /** `orders`, `public.orders`, `billing.invoices`. */
  readonly table: string
  /** As in `SessionRequest`. */
  readonly asOf?: string | undefined
}

export interface VerifyRequest extends Stoppable {
  /** Share of the files that are read completely, from 0 to 1. Default 1. */
  readonly sample?: number | undefined
  /** Also recompute the proof of each file and compare it. */
  readonly deep?: boolean | undefined
}

/** `onWait` receives the holder of the lease that the operation waits for. */
interface Waiting extends Stoppable {
  readonly onWait?: ((holder: LeaseHolder) => void) | undefined
}

export interface RepairRequest extends Waiting {}

export interface PruneRequest extends Waiting {
  /** Which days to retain. Default: `keep` of the settings. */
  readonly keep?: Retention | undefined
  /** Remove the days. Default: only report what would be removed. */
  readonly remove?: boolean | undefined
}
