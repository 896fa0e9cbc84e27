import { quoteIdentifier } from '@dwh/core'
import type { PgColumn, PgTable } from '../catalog/list-tables.ts'
import { MOST_EXPRESSIONS } from '../catalog/most-expressions.ts'
import { qualifiedName } from '../catalog/qualified-name.ts'
import { attemptQuery, type Raised } from '../session/attempt-query.ts'
import type { PgClient } from '../session/pg-client.ts'

export async function raisedBy(client: PgClient, ...statements: readonly string[]): Promise<Raised | null> {
  const answer = await attemptQuery(client, ...statements)
  if (!('raised' in answer)) return null
  // the search itself took too long, or was cancelled
  if (answer.raised.code.startsWith('57')) throw answer.raised
  return answer.raised
}

/** The first of `count` things of which a part that holds it raises; null where none does. Each half is asked about once, so all of it costs what one look at everything would. */
export async function firstRaising(
  count: number,
  raises: (first: number, end: number) => Promise<Raised | null>,
): Promise<{ readonly at: number; readonly raised: Raised } | null> {
  let [first, end] = [0, count]
  while (end - first > 1) {
    const middle = Math.floor((first + end) / 2)
    if (await raises(first, middle)) end = middle
    else first = middle
  }
  const raised = count > 0 ? await raises(first, end) : null
  return raised && { at: first, raised }
}

/** The condition of the settings may fail, too, but only for rows that it is asked about: those that `rows` finds. */
export function countQueries(
  table: PgTable,
  columns: readonly PgColumn[],
  where: string | undefined,
  rows: string,
): string[] {
  const given = (sql: string) => (where === undefined ? sql : `CASE WHEN (${where}\n) THEN ${sql} END`)
  const expressions = columns.length > 0 ? columns.flatMap(readings) : ['1']
  const parts = Array.from({ length: Math.ceil(expressions.length / MOST_EXPRESSIONS) }, (_, part) =>
    expressions.slice(part * MOST_EXPRESSIONS, (part + 1) * MOST_EXPRESSIONS),
  )
  return parts.map((part) => {
    const counts = part.map((sql) => `count(${given(sql)})`)
    return `SELECT ${counts.join(', ')} FROM ${qualifiedName(table)} WHERE ${rows}`
  })
}

/** All that a read and a look at a table ask of a column, each so that the server has to make it, and to put it into UTF-8 as it does for us. */
function readings({ name, mapping }: PgColumn): string[] {
  const column = quoteIdentifier(name)
  const value = mapping.value(column)
  const lossy = mapping.lossy && `CASE WHEN ${mapping.lossy(column)} THEN 1 END`
  return [asSent(mapping.select(column)), ...(value === column ? [] : [value]), ...(lossy ? [lossy] : [])]
}

/** A value as the bytes that would be sent. */
export function asSent(value: string): string {
  return `pg_catalog.convert_to(pg_catalog.format('%s', ${value}), 'UTF8')`
}
