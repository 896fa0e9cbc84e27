import type { DuckDBConnection } from '@duckdb/node-api'
import { tablesNotLoaded } from './placeholder.ts'
import { viewName } from './view-sql.ts'

/**
 * The tables that a statement reads and that are not loaded yet, as DuckDB's own plan of it names them: through views, macros, CTEs and whatever else there is, and without those that a temporary table or
 * a CTE of the same name hides. Nothing is run.
 */
export async function tablesInSql(connection: DuckDBConnection, sql: string): Promise<string[]> {
  const statement = sql.replace(SPACE, '')
  try {
    const body = statement.replace(PREPARE, '')
    return tablesNotLoaded(
      body === statement ? await plan(connection, statement) : await planWithoutValues(connection, body),
    )
  } catch {
    // what is wrong with the statement it will say itself
    return []
  }
}

const SPACE = /^(?:\s+|--[^\n]*(?:\n|$)|\/\*(?:[^*]|\*(?!\/))*\*\/)+/
const EXPLAIN = /^explain\b(?:\s*analyze\b|\s*\(\s*(?:format|analyze)\b[^)]*\))?/i
const PREPARE = /^prepare\s+(?:"(?:[^"]|"")*"|\w+)\s+as\b/i

async function plan(connection: DuckDBConnection, statement: string): Promise<unknown[]> {
  // DuckDB explains no EXPLAIN
  const explained = await connection.runAndReadAll(`EXPLAIN (FORMAT json) ${statement.replace(EXPLAIN, '')}`)
  return explained.getRows().map((row) => JSON.parse(String(row.at(-1))))
}

/** Of a statement that is prepared only, and keeps the plan that it gets now: all that it could read, whatever its values are. */
async function planWithoutValues(connection: DuckDBConnection, statement: string): Promise<unknown[]> {
  // else a comparison with NULL, as which each value counts here, would leave nothing to be read
  await connection.run('PRAGMA disable_optimizer')
  try {
    const prepared = await connection.prepare(`EXPLAIN (FORMAT json) ${statement}`)
    try {
      for (let value = 1; value <= prepared.parameterCount; value += 1) prepared.bindNull(value)
      const explained = await prepared.runAndReadAll()
      return explained.getRows().map((row) => JSON.parse(String(row.at(-1))))
    } finally {
      prepared.destroySync()
    }
  } finally {
    await connection.run('PRAGMA enable_optimizer')
  }
}

/** The tables whose names are words of a text: for statements that DuckDB makes no plan of. */
export function tablesNamedIn(sql: string, tables: readonly string[]): string[] {
  const words = [...sql.matchAll(/"((?:[^"]|"")*)"|[\w\u0080-\uffff$]+/g)]
  const named = new Set(words.map(([word, quoted]) => (quoted?.replaceAll('""', '"') ?? word).toLowerCase()))
  return tables.filter((table) => named.has(viewName(table).name.toLowerCase()))
}
