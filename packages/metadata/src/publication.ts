import type { Day, EtlState, FailedTable, RetiredGroup, SourceIdentity, TableEntry } from '@dwh/core'

/** The content that a run publishes. Its files are stored already, by `putPart`. */
export interface Publication {
  readonly runId: string
  readonly date: string
  /** True if the run was not asked for some tables only. Default false. */
  readonly ofAll?: boolean | undefined
  /** Every table of the run, by name. */
  readonly tables: Readonly<Record<string, TableEntry>>
  /** The tables that failed, by name, and why. Each still shows its previous version. */
  readonly failed: Readonly<Record<string, Pick<FailedTable, 'code' | 'message' | 'hint'>>>
  /** Names of tables that leave the current views; their history stays. */
  readonly dropped: readonly string[]
  /** The sources that the run read. */
  readonly sources: Readonly<Record<string, SourceIdentity>>
  readonly startedAt: Date
  /** The moment of the commit. */
  readonly now: Date
}

/** What a run stores before its commit, and the keys that its commit replaces. */
export interface Lists {
  readonly months: EtlState['months']
  /** The days whose plain copies may be others than before. */
  readonly pending: readonly Day[]
  readonly retired: RetiredGroup
}
