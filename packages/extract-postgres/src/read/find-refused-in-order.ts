import { quoteIdentifier, quoteLiteral } from '@dwh/core'
import type { PgColumn, PgTable } from '../catalog/list-tables.ts'
import { qualifiedName } from '../catalog/qualified-name.ts'
import { attemptQuery, type Raised } from '../session/attempt-query.ts'
import type { PgClient } from '../session/pg-client.ts'
import { asSent, countQueries, firstRaising, raisedBy } from './find-raising.ts'
import { whereClause } from './read-rows.ts'
import type { Refused } from './refused-error.ts'

/** Rows that are gone over at once, in search of those that hold the one that fails. */
const STRIDE = 1_000

/** Columns that tell which row it is, where there is no key. */
const TELLING = 3

/** The columns that a row is made of at the moment: their numbers between commas. */
const WANTED = 'dwh.columns'

const CURSOR = 'dwh_search'

/**
 * The same as `findRefused`, for what has its rows in no place: a view, a foreign table. They are gone through in the order in which one and the same query gives them, by a cursor; a setting of the
 * session says which columns it makes, so that the plan stays the same.
 */
export async function findRefusedInOrder(
  client: PgClient,
  table: PgTable,
  where: string | undefined,
): Promise<Refused | null> {
  const cursor = openCursor(client, table, where)
  const every = table.columns.map((_, index) => index)
  const before = await cursor.walk(0, STRIDE, every)
  // where it gives another answer each time, the second look may pass
  const found = before && (await cursor.walk(before.rows, 1, every))
  if (!found) return null
  const { rows } = found
  if (await cursor.raisedAt(rows, [])) return findColumn(client, table, where, found)
  const at = await firstRaising(every.length, (first, end) => cursor.raisedAt(rows, every.slice(first, end)))
  const others = await cursor.row(
    rows,
    every.filter((index) => index !== at?.at),
  )
  const telling = others.slice(0, TELLING)
  const names = telling.map(([name, text]) => `${name}=${text}`).join(', ')
  if (at === null) return null
  return {
    raised: at.raised,
    at: 'column',
    column: (table.columns[at.at] as PgColumn).name,
    value: null,
    row: `number ${rows + 1} as it is read${names && `: ${names}`}`,
    condition: telling.map(([name, text]) => `${quoteIdentifier(name)} = ${quoteLiteral(text)}`).join(' AND ') || null,
  }
}

/** For a query that makes its columns before it has any row to give, as one with ORDER BY: only the column can be told, or the condition; where it fails without either, the row. */
async function findColumn(
  client: PgClient,
  table: PgTable,
  where: string | undefined,
  { rows, raised: ofRow }: { readonly rows: number; readonly raised: Raised },
): Promise<Refused | null> {
  const nowhere = { value: null, row: null, condition: null }
  const test = (columns: readonly PgColumn[], condition: string | undefined) =>
    raisedBy(client, ...countQueries(table, columns, condition, 'true'))
  const row = rows > 0 ? `number ${rows + 1} as it is read` : null
  if (await test([], undefined)) return { ...nowhere, raised: ofRow, at: 'row', column: null, row }
  const raised = await test([], where)
  if (raised) return { raised, at: 'where', column: null, ...nowhere }
  const found = await firstRaising(table.columns.length, (first, end) => test(table.columns.slice(first, end), where))
  if (found === null) return null
  return { raised: found.raised, at: 'column', column: (table.columns[found.at] as PgColumn).name, ...nowhere }
}

function openCursor(client: PgClient, table: PgTable, where: string | undefined) {
  const columns = table.columns.map(({ name, mapping }, index) => {
    const wanted = `pg_catalog.strpos(pg_catalog.current_setting('${WANTED}'), ',${index},') > 0`
    return `CASE WHEN ${wanted} THEN ${asSent(mapping.select(quoteIdentifier(name)))} END AS c${index}`
  })
  const query = `SELECT ${columns.join(', ')} FROM ${qualifiedName(table)}${whereClause(where)}`
  const want = (indexes: readonly number[]) => `SET LOCAL ${WANTED} = ${quoteLiteral(`,${indexes.join()},`)}`
  /** At the row after so many, of which no column was made. */
  const open = (rows: number) => [
    want([]),
    `DECLARE ${CURSOR} NO SCROLL CURSOR FOR ${query}`,
    ...(rows > 0 ? [`MOVE FORWARD ${rows} FROM ${CURSOR}`] : []),
  ]
  const close = `CLOSE ${CURSOR}`

  return {
    /** What the row after so many raises. */
    raisedAt: (rows: number, indexes: readonly number[]) =>
      raisedBy(client, ...open(rows), want(indexes), `MOVE FORWARD 1 FROM ${CURSOR}`, close),
    /** Goes on from the row after so many, `stride` rows at a time: how many rows came before those that raise. */
    async walk(from: number, stride: number, indexes: readonly number[]) {
      let rows = from
      const begun = await raisedBy(client, ...open(from), want(indexes))
      if (begun) return { rows, raised: begun }
      for (;;) {
        const answer = await attemptQuery(client, `MOVE FORWARD ${stride} FROM ${CURSOR}`)
        const moved = 'raised' in answer ? 0 : (answer.results[0]?.rowCount ?? 0)
        if (moved < stride) await client.query(close)
        if ('raised' in answer) return { rows, raised: answer.raised }
        if (moved < stride) return null
        rows += moved
      }
    },
    /** The row after so many, without what is null or no text. */
    async row(rows: number, indexes: readonly number[]): Promise<[string, string][]> {
      const answer = await attemptQuery(client, ...open(rows), want(indexes), `FETCH 1 FROM ${CURSOR}`, close)
      const row: Readonly<Record<string, Buffer | null>> = 'raised' in answer ? {} : answer.results.at(-2)?.rows[0]
      return table.columns.flatMap(({ name }, index): [string, string][] => {
        const value = row?.[`c${index}`]
        return value && value.length > 0 && value.length <= 100 ? [[name, value.toString('utf8')]] : []
      })
    },
  }
}
