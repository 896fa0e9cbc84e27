import { quoteIdentifier, quoteLiteral } from '@dwh/core'
import type { PgColumn, PgTable } from '../catalog/list-tables.ts'
import { qualifiedName } from '../catalog/qualified-name.ts'
import { textLength } from '../catalog/text-length.ts'
import { attemptQuery, type Raised } from '../session/attempt-query.ts'
import type { PgClient } from '../session/pg-client.ts'
import { type Leaf, listLeaves } from './block-ranges.ts'
import { asSent, countQueries, firstRaising, raisedBy } from './find-raising.ts'
import { findRefusedInOrder } from './find-refused-in-order.ts'
import { whereClause } from './read-rows.ts'
import type { Refused } from './refused-error.ts'

/** Time limit of each statement of the search; after it, the failure is reported without its place. */
const SEARCH_TIMEOUT = '5min'

/**
 * Finds the row and the column at which the server fails to read a table. It halves the blocks, so it reads about all
 * of the table once at most. Rows of a view or a foreign table have no place: it reads them in order, a few times. Null
 * if no row fails by itself. Call it inside `beginSnapshot`, at the snapshot of the read that failed.
 * @throws what the server raises for another reason, such as a statement timeout
 */
export async function findRefused(
  client: PgClient,
  table: PgTable,
  where: string | undefined,
): Promise<Refused | null> {
  await client.query(`SET LOCAL statement_timeout = '${SEARCH_TIMEOUT}'`)
  return (await findInPlan(client, table, where)) ?? (await findInRows(client, table, where))
}

/** Finds an error that occurs before any row is read, such as `1 / 0`, or an unknown name in a condition. */
async function findInPlan(client: PgClient, table: PgTable, where: string | undefined): Promise<Refused | null> {
  const everywhere = { value: null, row: null, condition: null }
  const explain = (condition: string | undefined) =>
    raisedBy(client, `EXPLAIN SELECT FROM ${qualifiedName(table)}${whereClause(condition)}`)
  if (await explain(undefined)) return null
  const raised = where === undefined ? null : await explain(where)
  if (raised) return { raised, at: 'where', column: null, ...everywhere }
  const found = await firstRaising(table.columns.length, (first, end) => {
    const queries = countQueries(table, table.columns.slice(first, end), undefined, 'true')
    return raisedBy(client, ...queries.map((sql) => `EXPLAIN ${sql}`))
  })
  if (found === null) return null
  return { raised: found.raised, at: 'column', column: (table.columns[found.at] as PgColumn).name, ...everywhere }
}

async function findInRows(client: PgClient, table: PgTable, where: string | undefined): Promise<Refused | null> {
  const leaves = table.kind === 'view' ? [] : await listLeaves(client, table)
  return leaves.length > 0 && leaves.every(({ heap }) => heap)
    ? findInBlocks(client, table, where, leaves)
    : findRefusedInOrder(client, table, where)
}

async function findInBlocks(
  client: PgClient,
  table: PgTable,
  where: string | undefined,
  leaves: readonly Leaf[],
): Promise<Refused | null> {
  const test = (rows: string) => raisedBy(client, ...countQueries(table, table.columns, where, rows))
  const blocks = Math.max(...leaves.map((leaf) => leaf.blocks))
  const block = await firstRaising(blocks, (first, end) => test(inBlocks(first, end)))
  if (block === null) return null
  const within = inBlocks(block.at, block.at + 1)
  const listed = await attemptQuery(
    client,
    `SELECT tableoid, ctid::text AS place FROM ${qualifiedName(table)} WHERE ${within}`,
  )
  const place = { at: 'block', column: null, value: null, row: `block ${block.at}`, condition: null } as const
  // the block itself cannot be read
  if ('raised' in listed) return { raised: listed.raised, ...place }
  const rows: { readonly tableoid: number; readonly place: string }[] = listed.results[0]?.rows ?? []
  const places = [...new Set(rows.map((row) => row.place))]
  const at = await firstRaising(places.length, (first, end) => {
    const tids = places.slice(first, end).map((tid) => `'${tid}'`)
    return test(`ctid = ANY (ARRAY[${tids.join(', ')}]::pg_catalog.tid[])`)
  })
  const candidates = rows.filter((row) => row.place === places[at?.at ?? -1])
  for (const row of candidates) {
    const condition = `${leaves.length > 1 ? `tableoid = ${row.tableoid} AND ` : ''}ctid = '${row.place}'`
    const raised = await test(condition)
    if (raised) return findInRow(client, table, where, { condition, row: `ctid=${row.place}`, raised })
  }
  return { raised: block.raised, ...place }
}

async function findInRow(
  client: PgClient,
  table: PgTable,
  where: string | undefined,
  found: { readonly condition: string; readonly row: string; readonly raised: Raised },
): Promise<Refused> {
  const test = (columns: readonly PgColumn[]) =>
    raisedBy(client, ...countQueries(table, columns, where, found.condition))
  const ofWhere = await test([])
  const at = await firstRaising(table.columns.length, (first, end) => test(table.columns.slice(first, end)))
  const column = at === null || ofWhere ? null : (table.columns[at.at] as PgColumn)
  const ask = async (bytes: string) => {
    const sql = `SELECT pg_catalog.encode(${bytes}, 'hex') AS hex FROM ${qualifiedName(table)} WHERE ${found.condition}`
    const answer = await attemptQuery(client, sql)
    return 'raised' in answer ? null : Buffer.from(answer.results[0]?.rows[0]?.hex ?? '', 'hex')
  }
  const keys: [string, string][] = []
  for (const name of table.primaryKey ?? []) {
    const bytes = await ask(asSent(quoteIdentifier(name)))
    if (bytes !== null) keys.push([name, bytes.toString('utf8')])
  }
  const known = keys.length > 0 && keys.length === table.primaryKey?.length
  return {
    raised: ofWhere ?? at?.raised ?? found.raised,
    at: column ? 'column' : ofWhere ? 'where' : 'row',
    column: column?.name ?? null,
    value: column && (await ask(beginningOf(column.name))),
    bytes: column && (await lengthOf(client, table, column, found.condition)),
    row: known ? keys.map(([name, text]) => `${name}=${text}`).join(', ') : found.row,
    condition: known
      ? keys.map(([name, text]) => `${quoteIdentifier(name)} = ${quoteLiteral(text)}`).join(' AND ')
      : found.condition,
  }
}

/** The length of a value as text, if the server can compute it. */
async function lengthOf(
  client: PgClient,
  table: PgTable,
  { name, mapping }: PgColumn,
  condition: string,
): Promise<number | null> {
  const length = textLength(mapping, quoteIdentifier(name), 'all')
  if (length === null) return null
  const sql = `SELECT ${length} AS bytes FROM ${qualifiedName(table)} WHERE ${condition}`
  const answer = await attemptQuery(client, sql)
  return 'raised' in answer ? null : Number(answer.results[0]?.rows[0]?.bytes ?? 0)
}

/** Number of bytes of a value to show. */
const SHOWN_BYTES = 200

/** The beginning of the text of a value as the server stores it, in any encoding. */
function beginningOf(column: string): string {
  const text = `pg_catalog.format('%s', ${quoteIdentifier(column)})`
  return `pg_catalog.substr(pg_catalog.convert_to(${text}, 'SQL_ASCII'), 1, ${SHOWN_BYTES})`
}

const inBlocks = (first: number, end: number) => `ctid >= '(${first},0)' AND ctid < '(${end},0)'`
