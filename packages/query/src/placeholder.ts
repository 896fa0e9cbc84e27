import type { DuckDBConnection } from '@duckdb/node-api'
import { quoteIdentifier, quoteLiteral, type TableEntry } from '@dwh/core'
import { CATALOG, qualified, viewName } from './view-sql.ts'

const MARKER = 'dwh: not loaded: '

/** Creates a placeholder for each table, and the schemas. */
export async function createPlaceholders(
  connection: DuckDBConnection,
  tables: Readonly<Record<string, TableEntry>>,
): Promise<void> {
  for (const schema of new Set(Object.keys(tables).map((table) => viewName(table).schema))) {
    await connection.run(`CREATE SCHEMA IF NOT EXISTS ${CATALOG}.${quoteIdentifier(schema)}`)
  }
  for (const [table, entry] of Object.entries(tables)) await connection.run(placeholderSql(table, entry))
}

/**
 * Returns the SQL of a view with a table's columns. The view can be described, but not read: executing it fails with an
 * error that names the table. Both its columns and its filter fail, so no optimiser rule can answer from it.
 */
function placeholderSql(table: string, entry: TableEntry): string {
  const failure = `error(${quoteLiteral(`${MARKER}${JSON.stringify(table)}`)})`
  const columns = entry.columns.map((column) => `${failure}::${column.type} AS ${quoteIdentifier(column.name)}`)
  return `CREATE OR REPLACE VIEW ${qualified(viewName(table))} AS SELECT ${columns.join(', ')} WHERE ${failure}::BOOLEAN`
}

const MARKED = new RegExp(`${MARKER}("(?:[^"\\\\]|\\\\.)*")`, 'g')

/** Returns the table whose placeholder caused this error; null for other errors. */
export function tableNotLoaded(error: unknown): string | null {
  const [found] = (error instanceof Error ? error.message : '').matchAll(MARKED)
  return found === undefined ? null : JSON.parse(found[1] as string)
}

/** Returns the tables whose placeholders occur in a plan. Searches all texts of the plan's JSON, whatever its form. */
export function tablesNotLoaded(plan: unknown): string[] {
  const names = new Set<string>()
  const look = (part: unknown): void => {
    if (typeof part === 'string') {
      // with quotes doubled, as in SQL
      for (const [, name = ''] of part.matchAll(MARKED)) names.add(JSON.parse(name.replaceAll("''", "'")))
    } else if (typeof part === 'object' && part !== null) Object.values(part).forEach(look)
  }
  look(plan)
  return [...names].sort()
}
