import type { DuckDBDataChunk, DuckDBResult, DuckDBType, DuckDBValue } from '@duckdb/node-api'

export interface ResultColumn {
  readonly name: string
  readonly type: DuckDBType
}

/** The answer of one statement, on its way: rows come as they are asked for. Leave early, or read to the end, before the next statement. */
export interface QueryResult {
  readonly columns: readonly ResultColumn[]
  /** Batches of at most 2,048 rows; cells are DuckDB's own values, in the order of the columns. */
  readonly rows: AsyncIterable<readonly (readonly DuckDBValue[])[]>
  /** True for EXPLAIN, whose cells are drawings. */
  readonly isPlan: boolean
}

/** Makes a `QueryResult` of what DuckDB has begun to send, with the chunk that was fetched to see whether it starts at all. */
export function queryResult(
  result: DuckDBResult,
  first: DuckDBDataChunk | null,
  isPlan: boolean,
  wrap: (error: unknown) => unknown,
): QueryResult {
  const types = result.columnTypes()
  const columns = result.columnNames().map((name, index) => ({ name, type: types[index] as DuckDBType }))
  async function* rows() {
    for (let chunk = first; chunk && chunk.rowCount > 0; ) {
      yield chunk.getRows()
      try {
        chunk = await result.fetchChunk()
      } catch (error) {
        throw wrap(error)
      }
    }
  }
  return { columns, rows: rows(), isPlan }
}
