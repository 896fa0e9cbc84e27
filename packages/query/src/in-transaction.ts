import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api'

/** Returns whether a transaction is open. Outside a transaction each statement has its own transaction number. */
export async function inTransaction(connection: DuckDBConnection): Promise<boolean> {
  try {
    const first = await transaction(connection)
    return first === (await transaction(connection))
  } catch {
    // a failed transaction refuses every statement
    return true
  }
}

async function transaction(connection: DuckDBConnection): Promise<DuckDBValue | undefined> {
  return (await connection.runAndReadAll('SELECT txid_current()')).getRows()[0]?.[0]
}
