import type { Day } from './day.ts'
import type { DetectionState, ReadReason } from './detection.ts'
import type { Month } from './lake.ts'
import type { LossyConversion, StoreAs } from './lossy-conversion.ts'
import type { ColumnProof } from './proof.ts'
import type { Reader } from './readers.ts'
import type { CopyPolicy } from './settings.ts'
import type { ExtractionMethod, SourceIdentity } from './source.ts'

/*
 * The shapes of `etl.json`, of a day's manifest and of a run's record, as stored. Existing readers rely on the field
 * names. Times are ISO 8601 in UTC; sizes are bytes; hashes are lower-case hex SHA-256. Rewriting a file preserves
 * unknown fields. Version 1 had no checksum, version 2 had other names for some fields, and up to version 3 a run
 * replaced files and manifests; readers convert all to version 4.
 */

/** An object that is written once, described by its content: readers accept these bytes and no others. */
export interface ObjectRef {
  readonly key: string
  readonly bytes: number
  readonly sha256: string
}

/** A Parquet file. */
export interface FileEntry extends ObjectRef {
  readonly rows: number
}

export interface ColumnEntry {
  /**
   * The field id in the files, never used for another column; and that of a list's elements. Absent before version 4.
   */
  readonly id?: number
  readonly element_id?: number
  readonly name: string
  readonly type: string
  readonly nullable: boolean
  readonly source_type: string | null
  /** How it is stored instead of the default of its type, by the choice of the user or for `stored_for`. */
  readonly stored_as?: StoreAs
  /** The readers for which it is stored so; absent where the user chose it. */
  readonly stored_for?: readonly Reader[]
}

/** The measures that source and file agreed on. `columns`: by their names in the warehouse. */
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

/** One table of one day: its source, its files and its proof. */
export interface TableEntry {
  /** `name` is the source's name in the configuration. */
  readonly source: { readonly name: string; readonly schema: string; readonly table: string }
  readonly run_id: string
  readonly date: Day
  /** `snapshot`: the file is the whole table. */
  readonly mode: 'snapshot'
  /** A snapshot in which the source had exactly these rows: the last one in which they were read, or seen unchanged. */
  readonly snapshot: { readonly id: string | null; readonly position: string | null; readonly taken_at: string }
  /** The instant at which the files were read. Absent: that of `snapshot`. */
  readonly read_at?: string
  /** The last instant at which the proof held. Absent: that of `snapshot`. */
  readonly proved_at?: string
  readonly files: readonly FileEntry[]
  readonly columns: readonly ColumnEntry[]
  readonly proof: ProofEntry
  readonly schema_hash: string
  readonly primary_key: readonly string[]
  /** Whether the day has a plain copy of it. Absent: `daily`. */
  readonly complete?: CopyPolicy | undefined
  readonly watermark: null
  /** Per column, the values that were not stored exactly, because the user chose so. */
  readonly lossy_conversions: Readonly<Record<string, LossyConversion>>
  /** Only in `etl.json`, for tables whose source can tell whether they changed. */
  readonly detection?: TableDetection | undefined
}

/** What the next run needs to know to tell whether a table has changed. */
export interface TableDetection {
  readonly state: DetectionState
  /** SHA-256 of the settings with which the files were made. */
  readonly settings: string
}

/** The key in a Parquet file's footer that holds a `FileFooter` as JSON. */
export const FOOTER_KEY = 'dwh'

/** The description in the footer of each Parquet file: the fields of its table's entry known before the first byte. */
export interface FileFooter extends Omit<TableEntry, 'files' | 'proof' | 'read_at' | 'proved_at' | 'detection'> {
  readonly version: 4
  /** The table's name, as `formatTableName` returns it. */
  readonly name: string
  readonly identity?: SourceIdentity
  /** Every table that is current after the commit of the run. */
  readonly current?: readonly string[]
}

/** Objects that a commit replaced. Readers may still use them. */
export interface RetiredGroup {
  /** The run whose commit replaced them. */
  readonly run_id: string
  /** When they may be removed. Null until the plain copies of the commit are made: the time starts only then. */
  readonly until: string | null
  /** The days whose plain copies it may have changed: they are looked at again once the time is over. */
  readonly days: readonly Day[]
  readonly keys: readonly string[]
}

/** What versions 1 to 3 noted in `etl.json`. Only in a state that such a version wrote. */
export interface OlderState {
  /** A committed run whose objects were not all moved from the stage; `keys`: the final ones. */
  readonly publishing: { readonly run_id: string; readonly date: Day; readonly keys: readonly string[] } | null
  /** Files that a run replaced. */
  readonly retained: readonly {
    readonly key: string
    readonly sha256: string
    readonly retained_as: string
    readonly until: string
  }[]
  /** Pruned days; `keys`: those that are still to be removed. */
  readonly pruned: readonly { readonly date: Day; readonly until: string; readonly keys: readonly string[] }[]
}

/** A run that published nothing. */
export interface FailureEntry {
  readonly run_id: string
  readonly at: string
  readonly code: string
  readonly message: string
  readonly hint: string | null
  /** The tables that failed, if the run got so far. */
  readonly tables: readonly string[]
}

/** Why the last run that tried to read a table failed. The table still shows its previous version, if it has one. */
export type FailedTable = Omit<FailureEntry, 'tables'>

/** A good run of all tables: one that did not ask for some of them, and whose tables all became current. */
export interface RunOfAll {
  readonly run_id: string
  /** When it was committed. */
  readonly at: string
  readonly duration_ms: number
}

/** `etl.json`. Before the first good run: `status: "none"`, `last_run_at: null`, `tables: {}`. */
export interface EtlState {
  readonly version: 4
  /** When the last good run was committed. */
  readonly last_run_at: string | null
  /**
   * The status of the last good run; a failed run never changes it. `partial`: some of its tables failed, and still
   * show the previous version.
   */
  readonly status: 'none' | 'success' | 'partial'
  readonly duration_ms: number | null
  /** Rows of every current table after the last good run. */
  readonly counts: Readonly<Record<string, number>>
  readonly run_id: string | null
  /** The last good run of all tables; null: none yet. Absent: not known, after a repair or a `dwh` older than this. */
  readonly last_run_of_all?: RunOfAll | null | undefined
  readonly sources: Readonly<Record<string, SourceIdentity>>
  /**
   * Increases with each commit, and when objects are removed, so that no run in flight can still commit. Noting a
   * failure, and `copies_pending`, leave it alone.
   */
  readonly fencing_token: number
  /** The index of each month that has days. */
  readonly months: Readonly<Record<Month, ObjectRef>>
  /** The days whose plain copies may differ from their manifests. */
  readonly copies_pending: readonly Day[]
  readonly retired: readonly RetiredGroup[]
  readonly older?: OlderState | undefined
  /** Every current table, by its name from `formatTableName`. */
  readonly tables: Readonly<Record<string, TableEntry>>
  /**
   * Names of the tables that were current once and are no longer, in order. Absent: none, or not known. A `dwh` older
   * than this field leaves out the tables that it removes.
   */
  readonly former_tables?: readonly string[] | undefined
  /** The highest column id that each table ever had, also of former tables. */
  readonly column_ids: Readonly<Record<string, number>>
  /** The tables that failed in a published run, each until a run reads it again. */
  readonly failed_tables: Readonly<Record<string, FailedTable>>
  readonly last_failure: FailureEntry | null
  /**
   * Whether the store honoured conditional writes when this was written. If not, two simultaneous runs may both believe
   * that they were published.
   */
  readonly conditional_writes: boolean
}

/** `_dwh/days/YYYY/MM/DD-<run>.json`: the tables of one day, for "as of" queries. A run of some tables adds to them. */
export interface DayManifest {
  readonly version: 4
  readonly date: Day
  /** The run that wrote this list. */
  readonly run_id: string
  readonly tables: Readonly<Record<string, TableEntry>>
}

/** One day in the index of its month. */
export interface IndexedDay {
  readonly manifest: ObjectRef
  /** The files of each table: positions in `files` of the index. */
  readonly tables: Readonly<Record<string, readonly number[]>>
  /** As in the entries of its tables; only those that are not `daily`. */
  readonly complete?: Readonly<Record<string, CopyPolicy>> | undefined
}

/** `_dwh/index/YYYY-MM-<run>.json`: the days of one month. */
export interface MonthIndex {
  readonly version: 4
  readonly month: Month
  /** The run that wrote this index. */
  readonly run_id: string
  /** That of the `etl.json` on which the run is based. */
  readonly fencing_token: number
  readonly days: Readonly<Record<Day, IndexedDay>>
  /** Each file that a day names, once. */
  readonly files: readonly FileEntry[]
  /** In one index of each commit: with it, `etl.json` can be rebuilt. */
  readonly root?: IndexRoot | undefined
}

/** What a commit makes current, besides the days of the index itself. */
export interface IndexRoot {
  /** The indexes of all other months. */
  readonly others: Readonly<Record<Month, ObjectRef>>
  /** Every table that is current, and the day of its version. */
  readonly current: Readonly<Record<string, Day>>
  readonly sources: Readonly<Record<string, SourceIdentity>>
}

/** `_dwh/runs/<run>.json`: the record of a run, good or failed. */
export interface RunRecord {
  readonly version: 4
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

/** `_dwh/runs/YYYYMMDD-<run>.json`: the records of runs that began on that day, in UTC, in order. */
export interface DayRecords {
  readonly version: 4
  readonly day: Day
  readonly runs: readonly RunRecord[]
}

/** The result of one table in a run. */
export type RunRecordTable =
  | {
      readonly status: 'written'
      readonly rows: number
      readonly bytes: number
      readonly duration_ms: number
      /** The part of `duration_ms` spent on the proof. */
      readonly proof_ms?: number
      /** The extraction method; absent in records of older versions. */
      readonly method?: ExtractionMethod
      /** Why the table was read; absent for a new table, and in records of older versions. */
      readonly reason?: ReadReason
    }
  /** It has the rows of its current files, which were published again; `proved`: their proof was renewed. */
  | { readonly status: 'unchanged'; readonly rows: number; readonly proved?: boolean }
  | { readonly status: 'failed'; readonly code: string; readonly message: string; readonly hint: string | null }
  | { readonly status: 'not read' }
