import { randomBytes } from 'node:crypto'
import { elementType, type NativeQuery, quoteIdentifier, quoteLiteral, type TableProfile } from '@dwh/core'
import type { PgColumn, PgTable } from '../catalog/list-tables.ts'
import { filledText, outputText } from '../catalog/output-text.ts'
import { qualifiedName } from '../catalog/qualified-name.ts'
import type { TypeMapping } from '../catalog/type-mapping.ts'
import type { Ranges } from './block-ranges.ts'
import { whereClause } from './read-rows.ts'

/** DuckDB's extension `postgres`, by the name of its file. https://duckdb.org/docs/stable/core_extensions/postgres */
export const NATIVE_EXTENSION = {
  name: 'postgres_scanner',
  hint: 'Install it with `dwh extensions add postgres`, or set extensions or DWH_EXTENSIONS to its folder.',
}

export interface NativeQueryOptions {
  /** Contains the password. */
  readonly conninfo: string
  readonly snapshotId: string
  /** The server that has the snapshot, as `beginSnapshot` returns it. */
  readonly instance: string
  readonly where?: string | undefined
}

/** Why DuckDB's extension cannot read a table exactly; null if it can. */
export function whyNotNative({ kind, foreign, columns }: PgTable, { notNumbers }: TableProfile): string | null {
  if (kind === 'view' || kind === 'foreign table') return `it is a ${kind}`
  if (foreign) return 'some of its rows come from another server'
  const column = columns.find(({ name, mapping }) => mapping.binary && notNumbers.includes(name))
  return column ? `column ${column.name} holds NaN` : null
}

/**
 * Maximum number of parallel queries, each on its own connection: a usual machine has no cores for more.
 */
export const MOST_RANGES = 4

/**
 * Builds the query with which DuckDB reads a table by itself, inside our snapshot. If the extension reads every column
 * exactly, it scans the table, several parts at once; else it runs one query for each of `ranges`, with the other
 * columns as text. The caller holds the lock of the table meanwhile.
 */
export function nativeQuery(table: PgTable, ranges: Ranges, options: NativeQueryOptions): NativeQuery {
  const scan =
    options.where === undefined && table.columns.every(({ mapping }) => mapping.binary) && !clash(table.columns)
  const name = `dwh_${randomBytes(6).toString('hex')}`
  const databases = scan ? [name] : ranges.map((_, index) => `${name}_${index}`)
  return {
    extension: NATIVE_EXTENSION.name,
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

/**
 * Joins the snapshot. A load balancer may have routed to another server, where the same snapshot name means another
 * snapshot.
 */
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

function rangeQuery(table: PgTable, range: string | undefined, database: string, where: string | undefined): string {
  const columns = table.columns.map(({ name, mapping }, index) => {
    const column = quoteIdentifier(name)
    return `${mapping.binary ? column : sentAsText(mapping, column)} AS c${index}`
  })
  const query = `SELECT ${columns.join(', ')} FROM ${qualifiedName(table)}${whereClause(range, where)}`
  return `SELECT * FROM postgres_query('${database}', ${quoteLiteral(query)})`
}

/** JSON and lists are never empty, so the expression is evaluated once. */
function sentAsText({ type, select }: TypeMapping, column: string): string {
  return type === 'JSON' || elementType(type) !== null ? filledText(select(column)) : outputText(select(column))
}

/** True if DuckDB would treat two names as the same. */
function clash(columns: readonly PgColumn[]): boolean {
  return new Set(columns.map(({ name }) => name.toLowerCase())).size < columns.length
}
