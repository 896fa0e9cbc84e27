import type { Day, EtlState, ObjectStore, OnEvent, OnTableError, RunRecord } from '@dwh/core'
import type { ParquetWriter } from '@dwh/parquet-writer'
import type { Derive } from './derive.ts'
import type { TableResult } from './execute-plan.ts'
import type { RunPlan } from './plan-run.ts'
import type { SourceSettings } from './settings.ts'

export interface PlanOptions {
  readonly store: ObjectStore
  /** Sources by name, as in `etl.json`; `default` for a single one. */
  readonly sources: Readonly<Record<string, SourceSettings>>
  /** Day of the run. Default: today in `timeZone`. */
  readonly date?: Day | undefined
  /** IANA name. Default UTC. */
  readonly timeZone?: string | undefined
  /** Read only tables that match these patterns. */
  readonly only?: readonly string[] | undefined
  /** Allow replacing the files of a past day. Default false. */
  readonly replace?: boolean | undefined
  /** Allow a source to be another database than before, from now on. Default false. */
  readonly acceptNewSource?: boolean | undefined
  /** Read every table in full, also those that have not changed. Default false. */
  readonly fullRefresh?: boolean | undefined
  /**
   * The age in milliseconds at which the proof of a table that has not changed is renewed; 0: in each run. Default 7
   * days.
   */
  readonly reproveMs?: number | undefined
  readonly clock: () => Date
  readonly signal?: AbortSignal | undefined
  readonly onEvent?: OnEvent | undefined
}

export interface RunOptions extends PlanOptions {
  /** Run only if this is still the last successful run (null: none yet): of two runs decided on one state, one runs. */
  readonly ifLastRun?: string | null | undefined
  /** What to do if a table fails. Default `fail`. If all tables fail, the run fails in both cases. */
  readonly onTableError?: OnTableError | undefined
  readonly writer: ParquetWriter
  /** Folder for temporary files. Fastest on the same file system as a local store. */
  readonly tempDirectory: string
  /** Derives further tables before anything is published. Default: nothing. */
  readonly derive?: Derive | undefined
  /** Returns random bytes; makes the id of a run unique. */
  readonly random: (bytes: number) => Uint8Array
  /** How long replaced files stay for readers that still use them, in milliseconds. Default 24 hours. */
  readonly retainForMs?: number | undefined
  /** Lease validity, renewed three times within it; a run waits this long for one killed elsewhere. Default 2 min. */
  readonly leaseTtlMs?: number | undefined
}

export interface RunReport {
  readonly runId: string
  readonly plan: RunPlan
  /** State after the commit. */
  readonly state: EtlState
  readonly record: RunRecord
  /** Result of each table of the plan. */
  readonly results: readonly TableResult[]
  /** Why not all plain copies are made yet, which the next run does; null in nearly all cases. */
  readonly unfinished: unknown
}
