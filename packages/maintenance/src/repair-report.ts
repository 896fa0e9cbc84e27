import type { Day } from '@dwh/core'

export interface RepairReport {
  /** The run whose plain copies were made, because it was interrupted after its commit; null where there was none. */
  readonly finished: string | null
  /** The objects of interrupted runs that were removed. */
  readonly removed: readonly string[]
  /** The days whose manifest was rebuilt. */
  readonly days: readonly Day[]
  /** Whether `etl.json` was rebuilt. */
  readonly state: boolean
  /** The plain copies that were missing or wrong, and are made again. */
  readonly copies: readonly string[]
  /** Parquet files that could not be used, and why. */
  readonly left: readonly { readonly key: string; readonly why: string }[]
}
