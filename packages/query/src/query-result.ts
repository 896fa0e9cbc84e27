import type { DuckDBDataChunk, DuckDBResult, DuckDBType, DuckDBValue } from '@duckdb/node-api'

export interface ResultColumn {
  readonly name: string
  readonly type: DuckDBType
}

/** The result of one statement, as a stream of rows. Read it to the end, or leave it, before the next statement. */
export interface QueryResult {
  readonly columns: readonly ResultColumn[]
  /** Batches of at most 2,048 rows; cells are DuckDB's own values, in the order of the columns. */
  readonly rows: AsyncIterable<readonly (readonly DuckDBValue[])[]>
  /** True for EXPLAIN; its cells are drawings. */
  readonly isPlan: boolean
  /** The time zone of the session when the statement began. */
  readonly timeZone: string
}

export interface QueryResultParts {
  readonly result: DuckDBResult
  /** The first chunk, which was fetched to see whether the statement starts. */
  readonly first: DuckDBDataChunk | null
  readonly isPlan: boolean
  readonly timeZone: string
}

/** Makes a `QueryResult` from a started DuckDB result. */
export function queryResult({ result, first, isPlan, timeZone }: QueryResultParts): QueryResult {
  const types = result.columnTypes()
  const columns = result.columnNames().map((name, index) => ({ name, type: types[index] as DuckDBType }))
  async function* rows() {
    for (let chunk = first; chunk && chunk.rowCount > 0; chunk = await result.fetchChunk()) yield chunk.getRows()
  }
  return { columns, rows: rows(), isPlan, timeZone }
}
