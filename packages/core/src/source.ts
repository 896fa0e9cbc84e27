import type { ColumnType } from './column-type.ts'
import type { DwhError } from './errors.ts'
import type { LossyConversion, StoreAs } from './lossy-conversion.ts'
import type { ProofLevel, TableProof } from './proof.ts'
import type { TableName } from './table-name.ts'

/** A column as a source offers it. */
export interface SourceColumn {
  /** As the source spells it. */
  readonly name: string
  /** What it becomes in the warehouse. */
  readonly type: ColumnType
  /** True where the values decide: `type` takes all that may come, and a profile says what is enough for those that are there. */
  readonly inferred?: boolean
  /** An inferred column of a table that has files already: the type that it has in them, the least that it may become. */
  readonly minimumType?: ColumnType
  /** What a person may choose instead, and what the column is then. */
  readonly allowedTypes?: Readonly<Partial<Record<StoreAs, { readonly type: ColumnType; readonly inferred: boolean }>>>
  /** The encodings that its bytes may be said to be in: the name of each, by all of its names in lower case, without punctuation. Absent where the source knows what they are. */
  readonly encodings?: Readonly<Record<string, string>>
  /** What was chosen. A column with an encoding comes as the bytes of UTF-8, in the form of a BLOB. */
  readonly storeAs?: StoreAs
  /** False only where the source guarantees a value. Default true. */
  readonly nullable?: boolean
  /** The source's own word for the type, such as `numeric(10,2)`; for people and `etl.json`. */
  readonly sourceType?: string
  /** Set for a column that the source will not let us read. */
  readonly denied?: Denied
  /** What its values are only the numbers of, in the plural, such as `large objects`: they are stored elsewhere in the source, and not read. */
  readonly refersTo?: string
}

/** Why something cannot be read. */
export interface Denied {
  /** Such as `no SELECT privilege`. */
  readonly reason: string
  /** What to do about it, as a sentence. */
  readonly hint: string
  /** Statements that put it right, for whoever may run them, where there are such. */
  readonly sql?: string
}

/** What a person should know about a table that is read all the same. */
export interface TableNote {
  /** Such as `detach_pending`; stays the same from version to version. Two tables may share a note. */
  readonly id: string
  /** As a sentence without a full stop. */
  readonly found: string
  /** What to do about it, as a sentence; null where there is nothing to do. */
  readonly fix: string | null
  /** Statements that put it right; null where there are none. */
  readonly sql: string | null
}

/** A table as a source offers it. Columns are in the source's order, which is the order of every row. */
export interface TableSchema extends TableName {
  readonly columns: readonly SourceColumn[]
  /** Column names; empty when there is no primary key. */
  readonly primaryKey?: readonly string[]
  /** The source's own word: `table`, `partitioned table`, `materialized view`, `view`, `foreign table`. Default `table`. */
  readonly kind?: string
  /** A guess of the source, for progress and space; absent when it has none. */
  readonly estimatedRows?: number
  readonly estimatedBytes?: number
  /** Set for a table that is read only when the configuration names it; says why, such as `a view`. */
  readonly onlyWhenNamed?: string
  /** Set for a table that cannot be read; planning fails unless it is excluded. */
  readonly denied?: Denied
  /** True where rows may be of another instant than the snapshot's, as those of a view, a foreign table or a table with foreign parts are. */
  readonly outsideInstant?: boolean
  /** Tables that are offered as well, and whose rows are a part of this one's: children by inheritance, at any depth. */
  readonly children?: readonly TableName[]
  readonly notes?: readonly TableNote[]
}

/**
 * One value of a row, for a column of type T: `null`; the value's text (numbers in decimal, `NaN`, `Infinity`; days and times as ISO 8601 with
 * a blank or `T` between them, ` BC` after a year before 1, `infinity`; BLOB as `\x` and hex digits; JSON as JSON text); for a list a JSON array of such
 * texts and nulls; or a JavaScript value that means the same (boolean, number, bigint, Date, Uint8Array; for a list an array; for JSON anything `JSON.stringify` takes).
 */
export type CellValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | Date
  | Uint8Array
  | readonly unknown[]
  | { readonly [key: string]: unknown }

/** The cells of one row, in the order of the columns. */
export type Row = readonly CellValue[]

/** Some rows that arrived together; never empty by contract of `TableData`. */
export type RowBatch = readonly Row[]

/** A table on its way from a source: as rows, which any program can make; as text in bulk, where the source writes it by itself; or as a query that DuckDB runs. */
export type TableData = RowData | BulkText | NativeData

/** The ways out of a source: `RowData`, `BulkText`, `NativeData`. */
export type ExtractionMethod = 'rows' | 'copy' | 'native'

export interface RowData {
  /** Ends only when the source has said that there is no more; throws when the stream was cut. Leaving early releases what it holds. */
  readonly rows: AsyncIterable<RowBatch>
  /** True when every cell is null or text that the source's own output function wrote, so that its form need not be checked again. */
  readonly trustedText?: boolean
}

/**
 * A whole table as text in UTF-8, which nothing looks into before DuckDB does. The form is the text format of Postgres' COPY
 * (https://www.postgresql.org/docs/current/sql-copy.html): `\n` after each row and nowhere else, a tab between fields, null as `\N`, and `\b`, `\f`, `\n`, `\r`, `\t`,
 * `\v` and `\\` for the character in question. A line begins with an empty field, so that none is ever empty; then come the cells in the order of the columns, in the
 * text forms of `CellValue`, trusted by contract.
 */
export interface BulkText {
  /** In pieces of any size. Ends only when the source has said that there is no more; throws when the stream was cut. Leaving early releases what it holds. */
  readonly bulkText: AsyncIterable<Uint8Array>
  /** The rows that the source says it has sent; known once `bulkText` has ended. */
  sent(): number
}

/** The means by which DuckDB reads a source by itself. */
export interface DuckDBReader {
  /** The extension of DuckDB that speaks to the source, as in `LOAD ...`, and how to get it, as a sentence. */
  readonly extension: { readonly name: string; readonly hint: string }
  /** The same rows as `SourceSnapshot.read` gives; or, as a text, why this table cannot be read in this way. `profile`: of the same table, with `native`. */
  read(table: TableSchema, profile: TableProfile, options?: ReadTableOptions): Promise<NativeData | string>
}

/** A table that DuckDB reads from the source by itself, through an extension that speaks to it. */
export interface NativeData {
  /** Calls `work` while the source is held as it has to be for this. `ended` fires when it cannot be held any longer: what DuckDB does then is not used. */
  native<T>(work: (query: NativeQuery, ended?: AbortSignal) => Promise<T>): Promise<T>
  /** The rows that the source has counted. */
  sent(): number
}

/** What DuckDB has to run. Nothing of it is for messages: it may hold a password. */
export interface NativeQuery {
  /** As in `LOAD ...`. */
  readonly extension: string
  /** On a connection of its own, before the query, in this order. */
  readonly setup: readonly string[]
  /** One row per row, columns `c0`, `c1`, ... in the order of the table's. */
  readonly query: string
  /** Of each column: true where it comes as text, in the form of `CellValue`; false where as its type. */
  readonly asText: readonly boolean[]
  /** After the query, also when that has failed. */
  readonly teardown: readonly string[]
}

/** What to find out about a table. */
export interface ProfileOptions {
  readonly proof: ProofLevel
  /** Also what `duckdbReader` has to know. */
  readonly native: boolean
  /** Of which columns the lengths are looked at: those where it costs next to nothing, or all that may be long. Default `cheap`. */
  readonly lengths?: 'cheap' | 'all'
}

export interface ReadTableOptions {
  /** A condition in the source's own language, from the configuration. */
  readonly where?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/** Which database it is, so that a warehouse can tell its own source from another. */
export interface SourceIdentity {
  /** Such as `postgres`. */
  readonly kind: string
  /** What makes it this one: for Postgres `system_identifier` and `database`. Null where the source will not say. */
  readonly [field: string]: string | null
}

/** The instant at which a snapshot was taken. */
export interface SnapshotInfo {
  readonly source: SourceIdentity
  /** The source's own name of the instant; null where it has none. */
  readonly id: string | null
  /** How far the source's own log of changes had come, in its own words; null where it has none. `TableEntry.snapshot.position` on disk. */
  readonly position: string | null
  /** ISO 8601, UTC. */
  readonly takenAt: string
}

/** A place that tables come from. Postgres is one; an async generator over an API is another. */
export interface Source {
  /**
   * Opens one instant, where the source has such a thing: every table read from it is as it was then.
   * @throws DwhError SOURCE_UNREACHABLE, SOURCE_DENIED, SOURCE_FAILED, ABORTED
   */
  open(signal?: AbortSignal): Promise<SourceSnapshot>
}

/** What is known of a table once all of it was looked at. */
export interface TableProfile {
  /** What `measuresOf` says of the types below; with `counts`, rows alone. */
  readonly proof: TableProof
  /** Of every column, the open ones decided. */
  readonly types: Readonly<Record<string, ColumnType>>
  /** Of the columns for which something inexact was chosen. */
  readonly lossyConversions: Readonly<Record<string, LossyConversion>>
  /** Columns of type DECIMAL with values that are none, such as NaN; found where `native` was wished for. */
  readonly notNumbers: readonly string[]
  /** How long the longest row and the longest value are as text, in bytes of UTF-8, as far as `lengths` said where to look; a BLOB is twice as long as text. Absent where all are short. */
  readonly longest?: { readonly rowBytes: number; readonly valueBytes: number }
}

/** A table to be tried. */
export interface TriedRead {
  readonly table: TableSchema
  readonly where?: string | undefined
}

export interface TryLimits {
  /** For one table: a statement that takes longer is given up, and a lock that takes half as long. */
  readonly tableMs: number
  readonly signal?: AbortSignal | undefined
}

/** What became of a table that was tried. */
export interface TriedTable {
  readonly table: TableSchema
  /** `slow`: no answer within `tableMs`. `locked`: somebody else's lock was not given up within half of that. */
  readonly outcome: 'read' | 'slow' | 'locked' | 'failed'
  /** Why, where it was not read. */
  readonly error: DwhError | null
}

/**
 * A source at one instant. Every source lists its tables and reads them as rows; what else it can do (text in bulk, a reader within DuckDB, a look at a table before it is read, a trial) is
 * optional, and a run takes the best of what is there.
 */
export interface SourceSnapshot {
  readonly info: SnapshotInfo
  /** How many tables may be read at once. */
  readonly parallel: number
  tables(): Promise<readonly TableSchema[]>
  /**
   * What a person may call each type that a column can have, used or not: one list per type, in lower case, `sourceType` among them; none has a precision. Absent where that is
   * the only name.
   */
  typeNames?(): Promise<readonly (readonly string[])[]>
  /**
   * Starts to read one table: the columns of `table`, in its order, which may be fewer than were offered. Nothing is sent before the rows are asked for.
   * May be called again for the same table, and gives the same rows. An error with `context.retryable` says that the same call may succeed now.
   */
  read(table: TableSchema, options?: ReadTableOptions): RowData
  /** The same as text in bulk, where the source writes that by itself. The rows may come in another order. */
  readBulkText?(table: TableSchema, options?: ReadTableOptions): BulkText
  /**
   * Looks at one table once, by means of its own: at the same rows that `read` gives, and the columns of `table`. It says what inferred columns become, what allowedTypes cost, and, for
   * the proof `columns`, what `measuresOf` says. Absent where the source has no such means; its columns are then never open.
   */
  profileTable?(table: TableSchema, wanted: ProfileOptions, options?: ReadTableOptions): Promise<TableProfile>
  /** Absent where DuckDB has no way to read such a source. */
  readonly duckdbReader?: DuckDBReader
  /**
   * Tries each table as a run would read it: one row at most, of the columns of `table`, under the same condition, lock and checks. `onTried` is told of each once, in the order in which
   * they are done, also of those that cannot be read; an abort comes before the rest. Absent where the source has no such means.
   * @throws DwhError ABORTED, and what says that no table can be tried
   */
  tryTables?(reads: readonly TriedRead[], limits: TryLimits, onTried: (tried: TriedTable) => void): Promise<void>
  /** Gives everything back; safe to call twice, and after a failure. */
  close(): Promise<void>
}
