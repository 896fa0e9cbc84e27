import { quoteIdentifier, quoteLiteral } from '@dwh/core'
import type { PgTable } from '../catalog/list-tables.ts'
import { qualifiedName } from '../catalog/qualified-name.ts'
import { textLength } from '../catalog/text-length.ts'
import { attemptQuery, type Raised } from '../session/attempt-query.ts'
import type { PgClient } from '../session/pg-client.ts'
import { asSent } from './find-raising.ts'
import { whereClause } from './read-rows.ts'
import type { Refused } from './refused-error.ts'

/**
 * Finds the longest row of a table, for a server that can send each value of the row but fails because of its length.
 * Null if no row has at least `leastBytes` as text. Call it inside `beginSnapshot`, at the snapshot of the read that
 * failed with `raised`.
 */
export async function findLongestRow(
  client: PgClient,
  table: PgTable,
  where: string | undefined,
  { raised, leastBytes }: { readonly raised: Raised; readonly leastBytes: number },
): Promise<Refused | null> {
  const lengths = table.columns.flatMap(({ name, mapping }) => {
    const length = textLength(mapping, quoteIdentifier(name), 'all')
    return length === null ? [] : [`coalesce(${length}, 0)`]
  })
  if (lengths.length === 0) return null
  const key = table.primaryKey ?? []
  // names that no column of the table has
  const columns = [`(${lengths.join(' + ')})`, ...key.map((name) => asSent(quoteIdentifier(name)))]
  const sql = `SELECT ${columns.map((sql, index) => `${sql} AS "dwh ${index}"`).join(', ')} FROM ${qualifiedName(table)}${whereClause(where)} ORDER BY 1 DESC LIMIT 1`
  const answer = await attemptQuery(client, sql)
  const found = 'raised' in answer ? undefined : answer.results[0]?.rows[0]
  const bytes = Number(found?.['dwh 0'] ?? 0)
  if (bytes < leastBytes) return null
  const values = key.map((name, index): [string, string] => [name, String(found[`dwh ${index + 1}`])])
  return {
    raised,
    at: 'row',
    column: null,
    value: null,
    bytes,
    row: values.map(([name, text]) => `${name}=${text}`).join(', ') || null,
    condition: values.map(([name, text]) => `${quoteIdentifier(name)} = ${quoteLiteral(text)}`).join(' AND ') || null,
  }
}
