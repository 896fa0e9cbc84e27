import type { DuckDBConnection } from '@duckdb/node-api'
import { quoteIdentifier, quoteLiteral, type TableEntry } from '@dwh/core'
import { CATALOG, qualified, viewName } from './view-sql.ts'

const MARKER = 'dwh: not loaded: '

/** Makes a placeholder for each table, and the schemas that they need. */
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
 * A view that has a table's columns and can be described, but not read: executing it fails with an error that names the table. Both its columns and
 * its filter fail, so no rule of an optimiser can answer from it.
 */
function placeholderSql(table: string, entry: TableEntry): string {
  const failure = `error(${quoteLiteral(`${MARKER}${JSON.stringify(table)}`)})`
  const columns = entry.columns.map((column) => `${failure}::${column.type} AS ${quoteIdentifier(column.name)}`)
  return `CREATE OR REPLACE VIEW ${qualified(viewName(table))} AS SELECT ${columns.join(', ')} WHERE ${failure}::BOOLEAN`
}

const MARKED = new RegExp(`${MARKER}("(?:[^"\\\\]|\\\\.)*")`, 'g')

/** The table whose placeholder failed, if that is what this error says. */
export function tableNotLoaded(error: unknown): string | null {
  const [found] = (error instanceof Error ? error.message : '').matchAll(MARKED)
  return found === undefined ? null : JSON.parse(found[1] as string)
}

/** The tables whose placeholders are in a plan: whatever JSON DuckDB makes of it, each of its texts is looked through. */
export function tablesNotLoaded(plan: unknown): string[] {
  const names = new Set<string>()
  const look = (part: unknown): void => {
    if (typeof part === 'string') {
      // as SQL writes the text
      for (const [, name = ''] of part.matchAll(MARKED)) names.add(JSON.parse(name.replaceAll("''", "'")))
    } else if (typeof part === 'object' && part !== null) Object.values(part).forEach(look)
  }
  look(plan)
  return [...names].sort()
}
