import type { DuckDBConnection } from '@duckdb/node-api'
import { DwhError, editSteps, parseTableName, quoteIdentifier } from '@dwh/core'

interface Named {
  readonly schema: string
  readonly name: string
}

// DuckDB tells the name in its message only
const MISSING =
  /^Catalog Error: (?:Table|View) with name (.+?) does not exist(?:!(?:\nDid you mean "[^\n]*"\?)?| because schema ".*?" does not exist\.)/s
const NO_SCHEMA = /^Catalog Error: SET schema: No catalog \+ schema named/

/** Names in a hint: with more, it says where all are. */
const MOST_NAMES = 12

/**
 * Converts DuckDB's error about a table that does not exist; null for other errors. DuckDB also proposes tables of its
 * own catalog: in their place come those of the warehouse and of the session.
 */
export async function missingTable(
  error: unknown,
  tables: readonly string[],
  connection: DuckDBConnection,
): Promise<DwhError | null> {
  const message = error instanceof Error ? error.message : ''
  const own = tables.map(parseTableName)
  if (NO_SCHEMA.test(message))
    return new DwhError('QUERY_FAILED', message, {
      hint: `A warehouse is one database. USE takes one of its schemas: ${listed(own.map(({ schema }) => schema))}.`,
    })
  const found = MISSING.exec(message)
  if (found === null) return null
  const [sentence, wanted = ''] = found
  const near = nearest(wanted.replace(/^.*\./s, '').replace(/"$/, ''), [...own, ...(await ofSession(connection))])
  const known = sentence.replace(/!\nDid you mean .*$/s, '!')
  const proposal = near.length === 0 ? '' : `\nDid you mean ${near.join(' or ')}?`
  const few = tables.length > 0 && tables.length <= MOST_NAMES && near.length === 0
  return new DwhError('QUERY_FAILED', `${known}${proposal}${message.slice(sentence.length)}`, {
    hint: few
      ? `The tables are ${listed(tables)}. \`dwh tables\` shows more about them.`
      : 'Run `dwh tables` to list all tables.',
  })
}

const listed = (names: readonly string[]) => [...new Set(names)].sort().join(', ')

/** Tables and views that the session created. */
async function ofSession(connection: DuckDBConnection): Promise<Named[]> {
  const sql = `SELECT schema_name, table_name FROM duckdb_tables() WHERE NOT internal
    UNION SELECT schema_name, view_name FROM duckdb_views() WHERE NOT internal`
  // a failed transaction answers nothing
  const answer = await connection.runAndReadAll(sql).catch(() => null)
  return (answer?.getRows() ?? []).map(([schema, name]) => ({ schema: String(schema), name: String(name) }))
}

/** Returns the names that come closest to the wanted one, as SQL writes them; none if all are far from it. */
function nearest(wanted: string, known: readonly Named[]): string[] {
  const measured = known.map((table) => ({ table, away: distance(wanted.toLowerCase(), table.name.toLowerCase()) }))
  const least = Math.min(...measured.map(({ away }) => away))
  if (least > Math.max(1, wanted.length / 3)) return []
  const closest = measured.filter(({ away }) => away === least).map(({ table }) => sqlText(table, least === 0))
  return [...new Set(closest)].sort().slice(0, 3)
}

const PLAIN = /^[\p{L}_][\p{L}\p{N}_]*$/u

/** A name that fits already is in another schema than the one that was looked in, so that one is named. */
function sqlText({ schema, name }: Named, withSchema: boolean): string {
  const bare = !withSchema && ['public', 'main'].includes(schema)
  const parts = bare ? [name] : [schema, name]
  return parts.every((part) => PLAIN.test(part)) ? `"${parts.join('.')}"` : parts.map(quoteIdentifier).join('.')
}

/** The steps between two names. A beginning of a name is close to it. */
function distance(a: string, b: string): number {
  return a !== b && a.length > 2 && b.startsWith(a) ? 1 : editSteps(a, b)
}
