import type { DuckDBConnection } from '@duckdb/node-api'
import { parseTableName } from '@dwh/core'
import { tablesNotLoaded } from './placeholder.ts'

/**
 * Returns the tables that a statement reads and that are not loaded yet, from DuckDB's own plan. So it sees through
 * views, macros and CTEs, and omits tables hidden by a temporary table or a CTE of the same name. Runs nothing.
 */
export async function tablesInSql(connection: DuckDBConnection, sql: string, hasParameters = false): Promise<string[]> {
  const statement = sql.replace(SPACE, '')
  try {
    const body = statement.replace(PREPARE, '')
    return tablesNotLoaded(
      body === statement && !hasParameters
        ? await plan(connection, statement)
        : await planWithoutValues(connection, body.replace(EXPLAIN, '')),
    )
  } catch {
    // a wrong statement fails with its own error when it runs
    return []
  }
}

const SPACE = /^(?:\s+|--[^\n]*(?:\n|$)|\/\*(?:[^*]|\*(?!\/))*\*\/)+/
const EXPLAIN = /^explain\b(?:\s*analyze\b|\s*\(\s*(?:format|analyze)\b[^)]*\))?/i
const PREPARE = /^prepare\s+(?:"(?:[^"]|"")*"|\w+)\s+as\b/i

async function plan(connection: DuckDBConnection, statement: string): Promise<unknown[]> {
  // DuckDB cannot explain an EXPLAIN
  const explained = await connection.runAndReadAll(`EXPLAIN (FORMAT json) ${statement.replace(EXPLAIN, '')}`)
  return explained.getRows().map((row) => JSON.parse(String(row.at(-1))))
}

/**
 * Plans a statement with parameters: includes all tables that it could read, whatever its values are. A PREPARE keeps
 * the plan it gets now.
 */
async function planWithoutValues(connection: DuckDBConnection, statement: string): Promise<unknown[]> {
  // every value is NULL here; the optimiser would remove tables that are compared with NULL
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

/** Returns the tables whose names occur as words in a text, for statements without a plan. */
export function tablesNamedIn(sql: string, tables: readonly string[]): string[] {
  const words = [...sql.matchAll(/"((?:[^"]|"")*)"|[\w\u0080-\uffff$]+/g)]
  const named = new Set(words.map(([word, quoted]) => (quoted?.replaceAll('""', '"') ?? word).toLowerCase()))
  return tables.filter((table) => named.has(parseTableName(table).name.toLowerCase()))
}
