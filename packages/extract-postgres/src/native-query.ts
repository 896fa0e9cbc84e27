import { randomBytes } from 'node:crypto'
import { type NativeQuery, quoteIdentifier, quoteLiteral, type TableSurvey } from '@dwh/core'
import type { PgColumn, PgTable } from './list-tables.ts'
import type { PgClient } from './pg-client.ts'
import { qualifiedName } from './read-rows.ts'

/** DuckDB's extension `postgres`, by the name of its file. https://duckdb.org/docs/stable/core_extensions/postgres */
export const NATIVE_EXTENSION = 'postgres_scanner'

/** Blocks of a table, from `first` to before `end`; null for the end of the table, wherever that is by then. */
export interface CtidRange {
  readonly first: number
  readonly end: number | null
}

export interface NativeQueryOptions {
  /** It holds the password. */
  readonly conninfo: string
  readonly snapshotId: string
  /** What `identifyBackend` says of the server that has the snapshot. */
  readonly instance: string
  readonly where?: string | undefined
}

/** Why DuckDB's extension cannot read a table exactly; null where it can. */
export function whyNotNative({ kind, columns }: PgTable, { notNumbers }: TableSurvey): string | null {
  if (kind === 'view' || kind === 'foreign table') return `it is a ${kind}`
  const column = columns.find(({ name, mapping }) => mapping.binary && notNumbers.includes(name))
  return column ? `column ${column.name} holds NaN` : null
}

/** Ranges that are worth a connection each. */
const MOST_RANGES = 4
const LEAST_BLOCKS = 1_000

/** Cuts a table into ranges for queries at once; one range where its rows are in several tables. */
export async function ctidRanges(client: PgClient, { oid, kind }: PgTable): Promise<CtidRange[]> {
  const whole = [{ first: 0, end: null }]
  if (kind !== 'table' && kind !== 'materialized view') return whole
  const { rows } = await client.query(
    `SELECT pg_relation_size($1::oid) / current_setting('block_size')::int AS blocks, EXISTS (SELECT FROM pg_inherits WHERE inhparent = $1::oid) AS children`,
    [oid],
  )
  const [{ blocks, children }] = rows
  const count = children ? 1 : Math.min(MOST_RANGES, Math.floor(Number(blocks) / LEAST_BLOCKS))
  if (count < 2) return whole
  const length = Math.ceil(Number(blocks) / count)
  return Array.from({ length: count }, (_, i) => ({
    first: i * length,
    end: i === count - 1 ? null : (i + 1) * length,
  }))
}

/**
 * The query with which DuckDB reads a table by itself, inside our snapshot. Where the extension reads every column exactly, it scans the table, several parts at once; else it runs a query
 * for each of `ranges`, in which the other columns are text. The caller holds the table's lock meanwhile.
 */
export function nativeQuery(table: PgTable, ranges: readonly CtidRange[], options: NativeQueryOptions): NativeQuery {
  const scan =
    options.where === undefined && table.columns.every(({ mapping }) => mapping.binary) && !clash(table.columns)
  const name = `dwh_${randomBytes(6).toString('hex')}`
  const databases = scan ? [name] : ranges.map((_, index) => `${name}_${index}`)
  return {
    extension: NATIVE_EXTENSION,
    setup: [
      ...databases.map(
        (database) => `ATTACH ${quoteLiteral(options.conninfo)} AS ${database} (TYPE postgres, READ_ONLY)`,
      ),
      'BEGIN',
      ...databases.flatMap((database) => joinSnapshot(database, options)),
    ],
    query: scan
      ? scanQuery(table, name)
      : ranges.map((range, i) => rangeQuery(table, range, `${name}_${i}`, options.where)).join(' UNION ALL '),
    asText: table.columns.map(({ mapping }) => !mapping.binary),
    teardown: ['ROLLBACK', ...databases.map((database) => `DETACH ${database}`)],
  }
}

/** A balancer may have led to another server, whose snapshot of that name is another. */
function joinSnapshot(database: string, { snapshotId, instance }: NativeQueryOptions): string[] {
  const started = `SELECT pg_catalog.pg_postmaster_start_time()::text AS started`
  return [
    `CALL postgres_execute('${database}', ${quoteLiteral(`SET TRANSACTION SNAPSHOT ${quoteLiteral(snapshotId)}`)})`,
    `SELECT CASE WHEN started = ${quoteLiteral(instance)} THEN true ELSE error('this is another server') END FROM postgres_query('${database}', ${quoteLiteral(started)})`,
  ]
}

function scanQuery(table: PgTable, database: string): string {
  const columns = table.columns.map(({ name }, index) => `${quoteIdentifier(name)} AS c${index}`)
  return `SELECT ${columns.join(', ')} FROM ${database}.${qualifiedName(table)}`
}

function rangeQuery(table: PgTable, { first, end }: CtidRange, database: string, where: string | undefined): string {
  const columns = table.columns.map(({ name, mapping }, index) => {
    const column = quoteIdentifier(name)
    // by the output function, which a cast to text is not for every type; a row of nulls IS NULL, and is none
    const text = mapping.select(column)
    const sent = mapping.binary ? column : `CASE WHEN ${text} IS DISTINCT FROM NULL THEN format('%s', ${text}) END`
    return `${sent} AS c${index}`
  })
  const conditions = [
    ...(first === 0 ? [] : [`ctid >= '(${first},0)'`]),
    ...(end === null ? [] : [`ctid < '(${end},0)'`]),
    ...(where === undefined ? [] : [`(${where}\n)`]),
  ]
  const condition = conditions.length > 0 ? ` WHERE ${conditions.join(' AND ')}` : ''
  const query = `SELECT ${columns.join(', ')} FROM ${qualifiedName(table)}${condition}`
  return `SELECT * FROM postgres_query('${database}', ${quoteLiteral(query)})`
}

/** Names that DuckDB takes for one another. */
function clash(columns: readonly PgColumn[]): boolean {
  return new Set(columns.map(({ name }) => name.toLowerCase())).size < columns.length
}
