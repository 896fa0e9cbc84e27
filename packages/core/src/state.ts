import type { Day } from './day.ts'
import type { LossyConversion, StoreAs } from './lossy-conversion.ts'
import type { ColumnProof } from './proof.ts'
import type { ExtractionMethod, SourceIdentity } from './source.ts'

/*
 * The shapes of `etl.json`, of a day's manifest and of a run's record, as they are stored. Field names are those that existing readers know.
 * Times are ISO 8601 in UTC; sizes are bytes; hashes are lower-case hex SHA-256. Unknown fields are kept when a file is written again.
 * Version 1 had no checksum, and version 2 other names for some fields; what is read is always given on as version 3.
 */

/** One immutable Parquet file, by what it must hold: whoever reads it accepts these bytes and no others. */
export interface FileEntry {
  readonly key: string
  readonly rows: number
  readonly bytes: number
  readonly sha256: string
}

export interface ColumnEntry {
  readonly name: string
  readonly type: string
  readonly nullable: boolean
  readonly source_type: string | null
  /** What a person chose for it. */
  readonly stored_as?: StoreAs
}

/** What was compared with the source. `columns`: by their names in the warehouse. */
export type ProofEntry =
  | { readonly level: 'counts'; readonly rows: number }
  | { readonly level: 'columns'; readonly rows: number; readonly columns: Readonly<Record<string, ColumnProof>> }
  | {
      readonly level: 'hash'
      readonly rows: number
      readonly columns: Readonly<Record<string, ColumnProof>>
      /** As `TableProof.hash`. */
      readonly hash: string
    }

/** One table of one day: where it came from, what it holds, how that was proved. */
export interface TableEntry {
  /** `name` is the source's name in the configuration. */
  readonly source: { readonly name: string; readonly schema: string; readonly table: string }
  readonly run_id: string
  readonly date: Day
  /** `snapshot`: the file is the whole table. */
  readonly mode: 'snapshot'
  readonly snapshot: { readonly id: string | null; readonly position: string | null; readonly taken_at: string }
  readonly files: readonly FileEntry[]
  readonly columns: readonly ColumnEntry[]
  readonly proof: ProofEntry
  readonly schema_hash: string
  readonly primary_key: readonly string[]
  readonly watermark: null
  /** Per column, the values that were not stored exactly, by a person's choice. */
  readonly lossy_conversions: Readonly<Record<string, LossyConversion>>
}

/** The key of a Parquet file's footer under which a `FileFooter` stands, as JSON. */
export const FOOTER_KEY = 'dwh'

/** What each Parquet file says of itself: all of its table's entry that is known before its first byte. */
export interface FileFooter extends Omit<TableEntry, 'files' | 'proof'> {
  readonly version: 3
  /** The table, by the name that `formatTableName` gives it. */
  readonly name: string
  readonly identity?: SourceIdentity
  /** Every table that is current once the run is committed. */
  readonly current?: readonly string[]
}

/** A run between its commit and the moment all its objects are in place. */
export interface Publishing {
  readonly run_id: string
  readonly date: Day
  /** The final keys that are promoted from the stage, in order; the day's manifest is the last. */
  readonly keys: readonly string[]
}

/** The bytes that a run overwrote, for readers that still have a manifest that names them. */
export interface RetainedFile {
  readonly key: string
  readonly sha256: string
  /** The key they are retained under. */
  readonly retained_as: string
  readonly until: string
}

/** A day that was removed. No run may make it again for a while: a remover that slept could take the new files for the old. */
export interface PrunedDay {
  readonly date: Day
  readonly until: string
  /** What is still to be removed; empty once it is done. */
  readonly keys: readonly string[]
}

/** A run that published nothing. */
export interface FailureEntry {
  readonly run_id: string
  readonly at: string
  readonly code: string
  readonly message: string
  readonly hint: string | null
  /** The tables that failed, if it got so far. */
  readonly tables: readonly string[]
}

/** Why a table is not as the last run that tried to read it would have it: it is current as an earlier run left it, or not at all. */
export type FailedTable = Omit<FailureEntry, 'tables'>

/** `etl.json`. Before the first good run: `status: "none"`, `last_run_at: null`, `tables: {}`. */
export interface EtlState {
  readonly version: 3
  /** When the last good run was committed. */
  readonly last_run_at: string | null
  /** Of the last good run; a failed one never changes it. `partial`: some of its tables failed and still show the previous version. */
  readonly status: 'none' | 'success' | 'partial'
  readonly duration_ms: number | null
  /** Rows of every current table, as the last good run left them. */
  readonly counts: Readonly<Record<string, number>>
  readonly run_id: string | null
  readonly sources: Readonly<Record<string, SourceIdentity>>
  /** Grows when orphans are removed, so that no run in flight can still commit. */
  readonly fencing_token: number
  readonly publishing: Publishing | null
  readonly retained: readonly RetainedFile[]
  readonly pruned: readonly PrunedDay[]
  /** Every current table, by the name `formatTableName` gives it. */
  readonly tables: Readonly<Record<string, TableEntry>>
  /** Of those that failed in a run that was published, each until a run reads it again. */
  readonly failed_tables: Readonly<Record<string, FailedTable>>
  readonly last_failure: FailureEntry | null
  /** Whether the store honoured conditional writes when this was written: where not, two runs at one moment may both believe that they were published. */
  readonly conditional_writes: boolean
}

/** `_dwh/snapshots/YYYY/MM/DD.json`: the tables of one day, what "as of" reads. A run of some tables adds to it. */
export interface DayManifest {
  readonly version: 3
  readonly date: Day
  /** The last run that wrote it. */
  readonly run_id: string
  readonly tables: Readonly<Record<string, TableEntry>>
}

/** `_dwh/runs/<run>.json`: one for every run, good or bad. */
export interface RunRecord {
  readonly version: 3
  readonly run_id: string
  /** `partial`: published without the tables that failed. */
  readonly status: 'success' | 'partial' | 'failed'
  readonly date: Day
  readonly started_at: string
  readonly finished_at: string
  readonly duration_ms: number
  readonly tables: Readonly<Record<string, RunRecordTable>>
  readonly error: { readonly code: string; readonly message: string; readonly hint: string | null } | null
}

/** What became of one table in a run. */
export type RunRecordTable =
  | {
      readonly status: 'written'
      readonly rows: number
      readonly bytes: number
      readonly duration_ms: number
      /** Of that, for the proof. */
      readonly proof_ms?: number
      /** How it left the source; absent in records of older versions. */
      readonly method?: ExtractionMethod
    }
  | { readonly status: 'failed'; readonly code: string; readonly message: string; readonly hint: string | null }
  | { readonly status: 'not read' }
