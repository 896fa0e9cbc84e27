import { quoteIdentifier } from '@dwh/core'
import type { PgColumn, PgTable } from '../catalog/list-tables.ts'
import { MOST_EXPRESSIONS } from '../catalog/most-expressions.ts'
import { qualifiedName } from '../catalog/qualified-name.ts'
import { attemptQuery, type Raised } from '../session/attempt-query.ts'
import type { PgClient } from '../session/pg-client.ts'

export async function raisedBy(client: PgClient, ...statements: readonly string[]): Promise<Raised | null> {
  const answer = await attemptQuery(client, ...statements)
  if (!('raised' in answer)) return null
  // the search itself timed out or was cancelled
  if (answer.raised.code.startsWith('57')) throw answer.raised
  return answer.raised
}

/**
 * Finds the first of `count` items that raises an error, by halving; null if none raises. Each half is queried once, so
 * the whole search costs about as much as one query over everything.
 */
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

/**
 * Queries that evaluate everything that a read computes for some rows. `rows` selects the rows; the condition of the
 * settings may raise an error too, but only for these rows.
 */
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

/**
 * All expressions that a read and a profile need of a column, each so that the server computes the value and converts
 * it to UTF-8 as it does for a read.
 */
function readings({ name, mapping }: PgColumn): string[] {
  const column = quoteIdentifier(name)
  const value = mapping.value(column)
  const lossy = mapping.lossy && `CASE WHEN ${mapping.lossy(column)} THEN 1 END`
  return [asSent(mapping.select(column)), ...(value === column ? [] : [value]), ...(lossy ? [lossy] : [])]
}

/** A value as the bytes that a read would send. */
export function asSent(value: string): string {
  return `pg_catalog.convert_to(pg_catalog.format('%s', ${value}), 'UTF8')`
}
