import type { ColumnType, TableData } from '@dwh/core'

export interface ParquetColumn {
  readonly name: string
  readonly type: ColumnType
  /** True where its text comes as the bytes of UTF-8, in the form of a BLOB. */
  readonly utf8Bytes?: boolean
}

export interface WriteParquetInput {
  /** Where the file goes; nothing may be there yet. */
  readonly path: string
  /** At least one; names that differ in case only are refused, since DuckDB would rename one of them. */
  readonly columns: readonly ParquetColumn[]
  readonly data: TableData
  /** Key and value pairs for the file's footer. */
  readonly metadata?: Readonly<Record<string, string>>
  /** Names of columns that tell a row apart; a value that is refused is reported with theirs. */
  readonly key?: readonly string[]
  /**
   * The longest row as text; rows of more than 1 MiB are written one by one, and three to four and a half times the
   * longest is held in memory. At most 2 GiB. Default 1 MiB.
   */
  readonly maxRowBytes?: number
  /** About how many bytes of text there will be, where somebody knows. */
  readonly textBytes?: number | undefined
  readonly signal?: AbortSignal | undefined
  /** Called now and then with what has come so far: rows, where they are counted on the way, and bytes of text. */
  readonly onProgress?: (progress: { readonly rows: number | null; readonly bytes: number }) => void
}
