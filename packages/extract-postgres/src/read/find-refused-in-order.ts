import { quoteIdentifier, quoteLiteral } from '@dwh/core'
import type { PgColumn, PgTable } from '../catalog/list-tables.ts'
import { qualifiedName } from '../catalog/qualified-name.ts'
import { attemptQuery, type Raised } from '../session/attempt-query.ts'
import type { PgClient } from '../session/pg-client.ts'
import { asSent, countQueries, firstRaising, raisedBy } from './find-raising.ts'
import { whereClause } from './read-rows.ts'
import type { Refused } from './refused-error.ts'

/** Number of rows to read at once while searching for the row that fails. */
const STRIDE = 1_000

/** Number of columns that identify the row if there is no key. */
const TELLING = 3

/** Session setting with the columns to evaluate: their numbers between commas. */
const WANTED = 'dwh.columns'

const CURSOR = 'dwh_search'

/**
 * The same as `findRefused`, for rows without a place: views and foreign tables. A cursor reads the rows in the order
 * in which the same query returns them. A session setting selects the columns to evaluate, so the plan stays the same.
 */
export async function findRefusedInOrder(
  client: PgClient,
  table: PgTable,
  where: string | undefined,
): Promise<Refused | null> {
  const cursor = openCursor(client, table, where)
  const every = table.columns.map((_, index) => index)
  const before = await cursor.walk(0, STRIDE, every)
  // if the query returns different rows each time, the second pass may succeed
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
    row: `number ${rows + 1} in read order${names && `: ${names}`}`,
    condition: telling.map(([name, text]) => `${quoteIdentifier(name)} = ${quoteLiteral(text)}`).join(' AND ') || null,
  }
}

/**
 * For a query that evaluates its columns before it returns any row, such as one with ORDER BY: only the column or the
 * condition can be found; if it fails without either, the row.
 */
async function findColumn(
  client: PgClient,
  table: PgTable,
  where: string | undefined,
  { rows, raised: ofRow }: { readonly rows: number; readonly raised: Raised },
): Promise<Refused | null> {
  const nowhere = { value: null, row: null, condition: null }
  const test = (columns: readonly PgColumn[], condition: string | undefined) =>
    raisedBy(client, ...countQueries(table, columns, condition, 'true'))
  const row = rows > 0 ? `number ${rows + 1} in read order` : null
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
  /** Opens the cursor after `rows` rows, without evaluating a column. */
  const open = (rows: number) => [
    want([]),
    `DECLARE ${CURSOR} NO SCROLL CURSOR FOR ${query}`,
    ...(rows > 0 ? [`MOVE FORWARD ${rows} FROM ${CURSOR}`] : []),
  ]
  const close = `CLOSE ${CURSOR}`

  return {
    /** The error that the row after `rows` rows raises. */
    raisedAt: (rows: number, indexes: readonly number[]) =>
      raisedBy(client, ...open(rows), want(indexes), `MOVE FORWARD 1 FROM ${CURSOR}`, close),
    /**
     * Reads on from the row after `from` rows, `stride` rows at a time, and returns the number of rows before those
     * that raise.
     */
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
    /** The row after `rows` rows, without NULLs and long or empty values. */
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
