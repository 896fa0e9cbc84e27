import type { DuckDBConnection } from '@duckdb/node-api'
import { fileLiteral } from './duckdb-sql.ts'

export interface ParquetFooter {
  readonly rows: number
  /** Its key and value pairs. */
  readonly metadata: Readonly<Record<string, string>>
}

/** Reads the footer, see https://duckdb.org/docs/stable/data/parquet/metadata. */
export async function readFooter(connection: DuckDBConnection, path: string): Promise<ParquetFooter> {
  const rows = await countRows(connection, path)
  const reader = await connection.runAndReadAll(
    `SELECT decode(key), decode(value) FROM parquet_kv_metadata(${fileLiteral(path)})`,
  )
  return { rows, metadata: Object.fromEntries(reader.getRows().map(([key, value]) => [String(key), String(value)])) }
}

export async function countRows(connection: DuckDBConnection, path: string): Promise<number> {
  const reader = await connection.runAndReadAll(
    `SELECT num_rows::DOUBLE FROM parquet_file_metadata(${fileLiteral(path)})`,
  )
  return Number(reader.getRows()[0]?.[0])
}

/** Size of the largest row group, before compression; 0 for a file without row groups. */
export async function largestRowGroup(connection: DuckDBConnection, path: string): Promise<number> {
  const reader = await connection.runAndReadAll(
    `SELECT coalesce(max(row_group_bytes), 0)::DOUBLE FROM parquet_metadata(${fileLiteral(path)}) WHERE column_id = 0`,
  )
  return Number(reader.getRows()[0]?.[0])
}
