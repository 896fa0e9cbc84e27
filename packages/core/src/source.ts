import type { RowBatch } from './cell-value.ts'
import type { ColumnType } from './column-type.ts'
import type { Detection, EarlierRows } from './detection.ts'
import type { DwhError } from './errors.ts'
import type { LossyConversion, StoreAs } from './lossy-conversion.ts'
import type { ProofLevel, TableProof } from './proof.ts'
import type { TableName } from './table-name.ts'

/** A column as the source describes it. */
export interface SourceColumn {
  /** The column's name in the source. */
  readonly name: string
  /** The column's type in the warehouse. */
  readonly type: ColumnType
  /** True where the values decide the type: `type` can hold any value, and a profile returns the type that suffices. */
  readonly inferred?: boolean
  /**
   * For an inferred column: the type that it gets unless a value needs a wider one. A DECIMAL may have another scale.
   */
  readonly expectedType?: ColumnType
  /** For an inferred column of a table with files: its type there. A profile never returns a narrower type. */
  readonly minimumType?: ColumnType
  /** The types that the user may choose instead, and what the column becomes. */
  readonly allowedTypes?: Readonly<Partial<Record<StoreAs, { readonly type: ColumnType; readonly inferred: boolean }>>>
  /**
   * The encodings that the user may declare for its bytes. Maps every name of an encoding, in lower case and without
   * punctuation, to its proper name. Absent where the source knows the encoding.
   */
  readonly encodings?: Readonly<Record<string, string>>
  /** The user's choice. A column with an encoding arrives as the bytes of UTF-8, in the form of a BLOB. */
  readonly storeAs?: StoreAs
  /** False only where the source guarantees that it is never null. Default true. */
  readonly nullable?: boolean
  /** The source's name of the type, such as `numeric(10,2)`; for people and `etl.json`. */
  readonly sourceType?: string
  /** Set for a column that the source does not allow us to read. */
  readonly denied?: Denied
  /**
   * Set where the values are only references, such as `large objects` (plural): names what they refer to. That data is
   * stored elsewhere in the source, and is not read.
   */
  readonly refersTo?: string
}

/** Why something cannot be read. */
export interface Denied {
  /** Such as `no SELECT privilege`. */
  readonly reason: string
  /** What to do about it, as a sentence. */
  readonly hint: string
  /** SQL statements that fix it, for a user with the right to run them. */
  readonly sql?: string
}

/** A remark about a table that is read anyway. */
export interface TableNote {
  /** Such as `detach_pending`; stable across versions. Several tables may have the same note. */
  readonly id: string
  /** As a sentence without a full stop. */
  readonly found: string
  /** What to do about it, as a sentence; null where there is nothing to do. */
  readonly fix: string | null
  /** SQL statements that fix it; null where there are none. */
  readonly sql: string | null
}

/** A table as the source describes it. Columns are in the source's order, which is the order in every row. */
export interface TableSchema extends TableName {
  readonly columns: readonly SourceColumn[]
  /** Column names; empty when there is no primary key. */
  readonly primaryKey?: readonly string[]
  /** In the source: `table` (default), `partitioned table`, `materialized view`, `view`, `foreign table`. */
  readonly kind?: string
  /** The source's estimate, for progress and disk space; absent where it has none. */
  readonly estimatedRows?: number
  readonly estimatedBytes?: number
  /** Set for a table that is read only when the configuration names it. The reason, such as `a view`. */
  readonly onlyWhenNamed?: string
  /** Set for a table that cannot be read; planning fails unless it is excluded. */
  readonly denied?: Denied
  /** True where rows may be from another instant: views, and tables that are foreign or have foreign parts. */
  readonly outsideInstant?: boolean
  /** Other tables of the source whose rows are part of this table: children by inheritance, at any depth. */
  readonly children?: readonly TableName[]
  /** Other tables of the source that its foreign keys refer to, each once. */
  readonly references?: readonly TableName[]
  readonly notes?: readonly TableNote[]
}

/**
 * The data of a table, by extraction method: rows, which any program can produce; bulk text, which the source writes
 * itself; or a query that DuckDB runs.
 */
export type TableData = RowData | BulkText | NativeData

/** How a table is extracted: `rows` gives `RowData`, `copy` gives `BulkText`, `native` gives `NativeData`. */
export type ExtractionMethod = 'rows' | 'copy' | 'native'

export interface RowData {
  /** Ends when the source confirms the end; throws when the connection breaks. Leaving early releases resources. */
  readonly rows: AsyncIterable<RowBatch>
  /** True when every cell is null or text from the source's own output function, so its form needs no check. */
  readonly trustedText?: boolean
}

/**
 * A whole table as UTF-8 text, which DuckDB is the first to parse. The form is the text format of Postgres' COPY
 * (https://www.postgresql.org/docs/current/sql-copy.html): `\n` after each row and nowhere else, a tab between fields,
 * null as `\N`, and `\b`, `\f`, `\n`, `\r`, `\t`, `\v` and `\\` as escapes. Each line begins with an empty field, so
 * that no line is empty. Then come the cells in the order of the columns, in the text forms of `CellValue`; DuckDB
 * trusts them.
 */
export interface BulkText {
  /** Chunks of any size. Ends and throws as `RowData.rows` does; leaving early releases resources. */
  readonly bulkText: AsyncIterable<Uint8Array>
  /** The number of rows that the source reports as sent; known after `bulkText` has ended. */
  sent(): number
}

/** How DuckDB reads a source itself. */
export interface DuckDBReader {
  /** The DuckDB extension that connects to the source, as in `LOAD ...`, and a sentence on how to install it. */
  readonly extension: { readonly name: string; readonly hint: string }
  /**
   * Returns the same rows as `SourceSnapshot.read`, or a text that says why DuckDB cannot read this table. `profile`:
   * of the same table, taken with `native`.
   */
  read(table: TableSchema, profile: TableProfile, options?: ReadTableOptions): Promise<NativeData | string>
}

/** A table that DuckDB reads from the source itself, through an extension. */
export interface NativeData {
  /** Calls `work` while snapshot and locks are held. `ended` fires when they are lost: DuckDB's result is discarded. */
  native<T>(work: (query: NativeQuery, ended?: AbortSignal) => Promise<T>): Promise<T>
  /** The number of rows that the source has counted. */
  sent(): number
}

/** The statements that DuckDB runs. They may contain a password: never put them into a message. */
export interface NativeQuery {
  /** The name of the extension, as in `LOAD ...`. */
  readonly extension: string
  /** Statements to run before the query, in this order, on a connection of their own. */
  readonly setup: readonly string[]
  /** Returns one row per row of the table, with columns `c0`, `c1`, ... in the table's order. */
  readonly query: string
  /** For each column: true where it arrives as text, in the form of `CellValue`; false where it arrives as its type. */
  readonly asText: readonly boolean[]
  /** Statements to run after the query, also after a failed one. */
  readonly teardown: readonly string[]
}

/** What a profile of a table measures. */
export interface ProfileOptions {
  readonly proof: ProofLevel
  /** Also measures what `duckdbReader` needs. */
  readonly native: boolean
  /** The columns whose lengths are measured: those where it is `cheap` (default), or `all` that may be long. */
  readonly lengths?: 'cheap' | 'all'
}

export interface ReadTableOptions {
  /** A condition in the source's own language, from the configuration. */
  readonly where?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/** The identity of a database, so that a warehouse can recognise its own source. */
export interface SourceIdentity {
  /** Such as `postgres`. */
  readonly kind: string
  /** What identifies it: for Postgres `system_identifier` and `database`. Null where the source does not tell. */
  readonly [field: string]: string | null
}

/** When and of which source a snapshot was taken. */
export interface SnapshotInfo {
  readonly source: SourceIdentity
  /** The source's own name of the snapshot; null where it has none. */
  readonly id: string | null
  /** The position in the source's change log, in its own format; null without one. Also in `TableEntry.snapshot`. */
  readonly position: string | null
  /** ISO 8601, UTC. */
  readonly takenAt: string
}

/** A source of tables. Postgres is one; an async generator over an API is another. */
export interface Source {
  /**
   * Opens a snapshot. Every table read from it shows the same instant, where the source supports that.
   * @throws DwhError SOURCE_UNREACHABLE, SOURCE_DENIED, SOURCE_FAILED, ABORTED
   */
  open(signal?: AbortSignal): Promise<SourceSnapshot>
}

/** The result of profiling a table: one pass over all its rows. */
export interface TableProfile {
  /** The measures (`measuresOf`) of the types below; at level `counts` the number of rows only. */
  readonly proof: TableProof
  /** The type of every column, with the inferred ones decided. */
  readonly types: Readonly<Record<string, ColumnType>>
  /** The lossy conversions of the columns for which the user chose one. */
  readonly lossyConversions: Readonly<Record<string, LossyConversion>>
  /** Columns of type DECIMAL with values that are not numbers, such as NaN. Measured with `native` only. */
  readonly notNumbers: readonly string[]
  /**
   * The lengths of the longest row and the longest value as text, in bytes of UTF-8, over the columns that `lengths`
   * selects. A BLOB as text is twice as long. Absent where all values are short.
   */
  readonly longest?: { readonly rowBytes: number; readonly valueBytes: number }
}

/** A table to try to read. */
export interface TriedRead {
  readonly table: TableSchema
  readonly where?: string | undefined
}

export interface TryLimits {
  /** Per table: the limit for a statement. The limit for a lock is half of it. */
  readonly tableMs: number
  readonly signal?: AbortSignal | undefined
}

/** The result of trying a table. */
export interface TriedTable {
  readonly table: TableSchema
  /** `slow`: no answer within `tableMs`. `locked`: another session held a lock for more than half of `tableMs`. */
  readonly outcome: 'read' | 'slow' | 'locked' | 'failed'
  /** Why the table was not read; null when it was read. */
  readonly error: DwhError | null
}

/** A table to compare with what the warehouse holds of it. */
export interface DetectionRequest {
  /** As for `read`: the columns to read, with the choices of the user, before a profile has decided types. */
  readonly table: TableSchema
  readonly where?: string | undefined
  /** Null if the warehouse holds nothing of the table, or if it is to be read in full. */
  readonly earlier: EarlierRows | null
}

/**
 * A source at one instant. Every source lists its tables and reads them as rows. Bulk text, a reader within DuckDB,
 * profiles and trials are optional: a run uses the best that the source offers.
 */
export interface SourceSnapshot {
  readonly info: SnapshotInfo
  /** How many tables may be read in parallel. */
  readonly parallel: number
  tables(): Promise<readonly TableSchema[]>
  /**
   * Returns the names of each type that a column can have, used or not: one list per type, in lower case, without
   * precision, including `sourceType`. Absent where `sourceType` is the only name.
   */
  typeNames?(): Promise<readonly (readonly string[])[]>
  /**
   * Starts to read one table: the columns of `table`, in its order, which may be a subset of the source's. Sends
   * nothing before the caller asks for rows. May be called again for the same table, and returns the same rows. After
   * an error with `context.retryable`, the same call may succeed.
   */
  read(table: TableSchema, options?: ReadTableOptions): RowData
  /** As `read`, but returns text that the source writes itself. The rows may be in another order. */
  readBulkText?(table: TableSchema, options?: ReadTableOptions): BulkText
  /**
   * Profiles a table in one pass, within the source: the same rows as `read` returns, and the columns of `table`.
   * Decides the types of inferred columns, counts lossy conversions, and takes the measures that the proof needs.
   * Absent where the source cannot profile; its columns are then never inferred.
   */
  profileTable?(table: TableSchema, wanted: ProfileOptions, options?: ReadTableOptions): Promise<TableProfile>
  /**
   * Says for each request whether its table has the rows that the warehouse holds; the answers are in the same order.
   * Sends no rows. A table that cannot be compared counts as changed, and its read explains why. Absent where the
   * source cannot tell.
   * @throws DwhError SOURCE_FAILED for a table or column that the snapshot does not have, ABORTED, and errors that end
   *   the snapshot
   */
  detect?(requests: readonly DetectionRequest[], signal?: AbortSignal): Promise<readonly Detection[]>
  /** Absent where DuckDB cannot read the source. */
  readonly duckdbReader?: DuckDBReader
  /**
   * Tries to read each table as a run would: at most one row of the columns of `table`, under the same condition, locks
   * and checks. Calls `onTried` once for each table, in the order of completion, also for tables that cannot be read;
   * an abort skips the rest. Absent where the source cannot try tables.
   * @throws DwhError ABORTED, and errors that prevent trying any table
   */
  tryTables?(reads: readonly TriedRead[], limits: TryLimits, onTried: (tried: TriedTable) => void): Promise<void>
  /** Releases all resources; safe to call twice, and after a failure. */
  close(): Promise<void>
}
