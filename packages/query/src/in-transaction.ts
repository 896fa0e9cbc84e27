import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api'

/** Whether a transaction is open. Outside of one each statement is a transaction, with a number of its own. */
export async function inTransaction(connection: DuckDBConnection): Promise<boolean> {
  try {
    const first = await transaction(connection)
    return first === (await transaction(connection))
  } catch {
    // a transaction that has failed answers nothing any more
    return true
  }
}

async function transaction(connection: DuckDBConnection): Promise<DuckDBValue | undefined> {
  return (await connection.runAndReadAll('SELECT txid_current()')).getRows()[0]?.[0]
}
