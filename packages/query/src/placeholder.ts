import { quoteIdentifier, quoteLiteral, type TableEntry } from '@dwh/core'
import { qualified, viewName } from './view-sql.ts'

const MARKER = 'dwh: not loaded: '

/**
 * A view that has a table's columns and can be described, but not read: executing it fails with an error that names the table. Both its columns and
 * its filter fail, so no rule of an optimiser can answer from it.
 */
export function placeholderSql(table: string, entry: TableEntry): string {
  const failure = `error(${quoteLiteral(`${MARKER}${JSON.stringify(table)}`)})`
  const columns = entry.columns.map((column) => `${failure}::${column.type} AS ${quoteIdentifier(column.name)}`)
  return `CREATE OR REPLACE VIEW ${qualified(viewName(table))} AS SELECT ${columns.join(', ')} WHERE ${failure}::BOOLEAN`
}

/** The table whose placeholder failed, if that is what this error says. */
export function tableNotLoaded(error: unknown): string | null {
  const message = error instanceof Error ? error.message : ''
  const at = message.indexOf(MARKER)
  if (at < 0) return null
  const name = /^"(?:[^"\\]|\\.)*"/.exec(message.slice(at + MARKER.length))?.[0]
  return name === undefined ? null : JSON.parse(name)
}
