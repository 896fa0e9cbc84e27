import { type Denied, formatTableName, quoteIdentifier, type SourceColumn, type TableSchema } from '@dwh/core'
import type { PgClient } from './pg-client.ts'
import { mapType, type PgType, type TypeMapping } from './pg-types.ts'
import { resolveTypes } from './resolve-types.ts'

/** A column with what reading it needs. */
export interface PgColumn extends SourceColumn {
  readonly sourceType: string
  /** Its number in the table, which no other column ever gets. */
  readonly attnum: number
  /** Of the type that its values arrive as, which for a domain is what the domain rests on. */
  readonly typeOid: number
  readonly modifier: number
  readonly mapping: TypeMapping
}

/** A table with what reading it needs. */
export interface PgTable extends TableSchema {
  readonly oid: number
  readonly columns: readonly PgColumn[]
}

const KINDS: Readonly<Record<string, string>> = {
  r: 'table',
  p: 'partitioned table',
  m: 'materialized view',
  v: 'view',
  f: 'foreign table',
}

/** The name of a kind that is read only when it is named; reading one costs what its query costs, and may leave the instant. */
const ONLY_WHEN_NAMED: Readonly<Record<string, string>> = { v: 'a view', f: 'a foreign table' }

// Partitions are part of their parent. Sizes are sums over the leaves, with what is stored beside the rows (TOAST); -1 and 0 mean "never analysed".
const TABLES = `
  WITH RECURSIVE root AS (
    SELECT c.oid, c.relname, c.relkind, c.relispopulated, c.relnamespace, n.nspname
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'm', 'v', 'f') AND NOT c.relispartition AND c.relpersistence <> 't'
      AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
  ), tree AS (
    SELECT oid AS root, oid FROM root UNION ALL SELECT t.root, i.inhrelid FROM tree t JOIN pg_inherits i ON i.inhparent = t.oid
  ), size AS (
    SELECT t.root, sum(greatest(c.reltuples, 0)) AS rows, sum(greatest(c.relpages, 0) + coalesce(greatest(beside.relpages, 0), 0)) AS pages
    FROM tree t JOIN pg_class c ON c.oid = t.oid AND c.relkind IN ('r', 'm') LEFT JOIN pg_class beside ON beside.oid = c.reltoastrelid GROUP BY t.root
  )
  SELECT r.oid::bigint, r.nspname AS schema, r.relname AS name, r.relkind AS kind, r.relispopulated AS populated,
    size.rows::float8 AS rows, size.pages::float8 * current_setting('block_size')::int AS bytes,
    has_schema_privilege(r.relnamespace, 'USAGE') AS schema_usage, has_table_privilege(r.oid, 'SELECT') AS may_select,
    row_security_active(r.oid) AS row_security, current_user AS role,
    (SELECT e.extname FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
      WHERE d.classid = 'pg_class'::regclass AND d.objid = r.oid AND d.objsubid = 0
        AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e') AS extension,
    (SELECT array_agg(a.attname::text ORDER BY k.position)
      FROM pg_index i, unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, position), pg_attribute a
      WHERE i.indrelid = r.oid AND i.indisprimary AND a.attrelid = r.oid AND a.attnum = k.attnum) AS primary_key
  FROM root r LEFT JOIN size ON size.root = r.oid
  ORDER BY r.nspname, r.relname`

const COLUMNS = `
  SELECT a.attrelid::bigint AS table, a.attname AS name, a.attnum, a.attnotnull AS not_null, a.atttypid::bigint AS type_oid, a.atttypmod AS modifier,
    format_type(a.atttypid, a.atttypmod) AS source_type, has_column_privilege(a.attrelid, a.attnum, 'SELECT') AS may_select
  FROM pg_attribute a
  WHERE a.attrelid = ANY ($1::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
  ORDER BY a.attrelid, a.attnum`

/**
 * Lists every table a warehouse could hold, from the catalog alone: tables, partitioned parents as one table (inheritance parents as SELECT reads
 * them, with their children), materialized views, and, marked as read only when named, views, foreign tables and what belongs to an extension.
 * Takes no lock on any of them. Call it inside `beginSnapshot`. Tables are ordered by schema and name, columns as in the table.
 */
export async function listTables(client: PgClient): Promise<PgTable[]> {
  const tables = await client.query(TABLES)
  const columns = await client.query(COLUMNS, [tables.rows.map((row) => row.oid)])
  const typeOf = await resolveTypes(client, columns.rows.map(declaredType))
  const columnsOf = new Map<string, ColumnRow[]>()
  for (const row of columns.rows) {
    const list = columnsOf.get(row.table) ?? []
    list.push(row)
    columnsOf.set(row.table, list)
  }
  return tables.rows.map((row) => toTable(row, columnsOf.get(row.oid) ?? [], (column) => typeOf(declaredType(column))))
}

interface ColumnRow {
  name: string
  attnum: number
  not_null: boolean
  type_oid: string
  modifier: number
  source_type: string
  may_select: boolean
}

const declaredType = (row: ColumnRow) => ({ oid: Number(row.type_oid), modifier: row.modifier })

function toColumn(row: ColumnRow, table: TableRow, type: PgType): PgColumn {
  const found = mapType(type)
  const isDomain = type.oid !== Number(row.type_oid)
  // what rests on another type is sent by DuckDB's extension as text, in a form of its own
  const mapping = isDomain ? { ...found, binary: false } : found
  const choices = Object.entries(mapping.choices).map(([choice, { type, open }]) => [
    choice,
    { type, open: open !== undefined },
  ])
  return {
    name: row.name,
    type: mapping.type,
    nullable: !row.not_null,
    sourceType: row.source_type,
    attnum: row.attnum,
    typeOid: type.oid,
    modifier: type.modifier,
    mapping,
    choices: Object.fromEntries(choices),
    ...(mapping.open ? { open: true } : {}),
    ...(row.may_select ? {} : { denied: deniedColumn(row, table) }),
  }
}

function deniedColumn({ name }: ColumnRow, table: TableRow): Denied {
  const sql = grants(table, `SELECT (${quoteIdentifier(name)})`)
  return {
    reason: 'no SELECT privilege',
    hint: `${sql} Or list it under columns.exclude of ${formatTableName(table)}.`,
    sql,
  }
}

interface TableRow {
  oid: string
  schema: string
  name: string
  kind: string
  populated: boolean
  rows: number | null
  bytes: number | null
  schema_usage: boolean
  may_select: boolean
  row_security: boolean
  role: string
  extension: string | null
  primary_key: string[] | null
}

function toTable(row: TableRow, columnRows: readonly ColumnRow[], typeOf: (column: ColumnRow) => PgType): PgTable {
  const columns = columnRows.map((column) => toColumn(column, row, typeOf(column)))
  const onlyWhenNamed = row.extension === null ? ONLY_WHEN_NAMED[row.kind] : `part of the extension ${row.extension}`
  const denied = whyDenied(row, columns)
  return {
    oid: Number(row.oid),
    schema: row.schema,
    name: row.name,
    kind: KINDS[row.kind] as string,
    columns,
    primaryKey: row.primary_key ?? [],
    ...(row.rows ? { estimatedRows: row.rows } : {}),
    ...(row.bytes ? { estimatedBytes: row.bytes } : {}),
    ...(onlyWhenNamed ? { onlyWhenNamed } : {}),
    ...(denied ? { denied } : {}),
  }
}

function whyDenied(row: TableRow, columns: readonly PgColumn[]): Denied | null {
  const orExclude = `or exclude ${formatTableName(row)}.`
  if (!row.schema_usage) {
    const sql = grants(row, 'SELECT')
    return { reason: `no USAGE privilege on schema ${row.schema}`, hint: `${sql} ${orExclude}`, sql }
  }
  if (!row.may_select && columns.every((column) => column.denied)) {
    const sql = grants(row, 'SELECT')
    return { reason: 'no SELECT privilege', hint: `${sql} ${orExclude}`, sql }
  }
  if (row.row_security) {
    return {
      reason: 'row-level security applies to this role',
      hint: `Its policies would hide rows from this role: use a role with BYPASSRLS, ${orExclude}`,
      sql: `ALTER ROLE ${quoteIdentifier(row.role)} BYPASSRLS;`,
    }
  }
  if (row.kind === 'm' && !row.populated) {
    const sql = `REFRESH MATERIALIZED VIEW ${quoteIdentifier(row.schema)}.${quoteIdentifier(row.name)};`
    return { reason: 'the materialized view has never been filled', hint: `${sql} ${orExclude}`, sql }
  }
  return null
}

/** Statements that let a role read a table. */
function grants(row: TableRow, privilege: string): string {
  const role = quoteIdentifier(row.role)
  const table = `${quoteIdentifier(row.schema)}.${quoteIdentifier(row.name)}`
  return [
    ...(row.schema_usage ? [] : [`GRANT USAGE ON SCHEMA ${quoteIdentifier(row.schema)} TO ${role};`]),
    ...(row.may_select ? [] : [`GRANT ${privilege} ON ${table} TO ${role};`]),
  ].join(' ')
}
