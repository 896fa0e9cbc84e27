import type { DuckDBConnection } from '@duckdb/node-api'
import { quoteIdentifier, quoteLiteral, type TableEntry } from '@dwh/core'
import { CATALOG, type PublicSchema, qualified, type ViewName, viewName } from './view-sql.ts'

const MARKER = 'dwh: not loaded: '

/** Creates a placeholder for each table, and the schemas. */
export async function createPlaceholders(
  connection: DuckDBConnection,
  tables: Readonly<Record<string, TableEntry>>,
  home: PublicSchema,
): Promise<void> {
  const views = Object.entries(tables).map(([table, entry]) => ({ table, entry, view: viewName(table, home) }))
  for (const schema of new Set(views.map(({ view }) => view.schema))) {
    await connection.run(`CREATE SCHEMA IF NOT EXISTS ${CATALOG}.${quoteIdentifier(schema)}`)
  }
  for (const { table, entry, view } of views) await connection.run(placeholderSql(table, entry, view))
}

/**
 * Returns the SQL of a view with a table's columns. The view can be described, but not read: executing it fails with an
 * error that names the table. Both its columns and its filter fail, so no optimiser rule can answer from it.
 */
function placeholderSql(table: string, entry: TableEntry, view: ViewName): string {
  const failure = `error(${quoteLiteral(`${MARKER}${JSON.stringify(table)}`)})`
  const columns = entry.columns.map((column) => `${failure}::${column.type} AS ${quoteIdentifier(column.name)}`)
  return `CREATE OR REPLACE VIEW ${qualified(view)} AS SELECT ${columns.join(', ')} WHERE ${failure}::BOOLEAN`
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
