import type { ColumnType, TableData } from '@dwh/core'

export interface ParquetColumn {
  readonly name: string
  readonly type: ColumnType
  /** True if its text arrives as UTF-8 bytes, in the form of a BLOB. */
  readonly utf8Bytes?: boolean
  /**
   * The field id in the file's schema, by which other formats know a column whatever it is called, and that of the
   * elements of a list. Positive and unique within the file. Either all columns have one, or none; not
   * written for a table with a column named `__duckdb_field_id`.
   */
  readonly id?: number
  readonly elementId?: number
}

export interface WriteParquetInput {
  /** Path of the file, which must not exist yet. */
  readonly path: string
  /** At least one column; names that differ in case only are refused, since DuckDB would rename one of them. */
  readonly columns: readonly ParquetColumn[]
  readonly data: TableData
  /** Key and value pairs for the file's footer. */
  readonly metadata?: Readonly<Record<string, string>>
  /** Names of columns that identify a row; the error for a refused value contains their values. */
  readonly key?: readonly string[]
  /**
   * Maximum size of a row as text. Rows of more than 1 MiB are written one by one, and need memory of three to four and
   * a half times the longest. At most 2 GiB. Default 1 MiB.
   */
  readonly maxRowBytes?: number
  /** Approximate number of bytes of text, if known. */
  readonly textBytes?: number | undefined
  readonly signal?: AbortSignal | undefined
  /** Called from time to time with the progress: rows, if they are counted on the way, and bytes of text. */
  readonly onProgress?: (progress: { readonly rows: number | null; readonly bytes: number }) => void
}
