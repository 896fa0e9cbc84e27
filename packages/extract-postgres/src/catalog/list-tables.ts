import {
  type Denied,
  exactPattern,
  formatTableName,
  quoteIdentifier,
  type SourceColumn,
  type TableSchema,
} from '@dwh/core'
import type { PgClient } from '../session/pg-client.ts'
import { catalogRows, isBroken, spelled } from './catalog-rows.ts'
import { CHILDREN } from './child-tables.ts'
import { FOREIGN_KEYS } from './foreign-keys.ts'
import type { PgType } from './pg-type.ts'
import { expectedType, mapType } from './pg-types.ts'
import { type Recipe, recipesOf } from './recipe-versions.ts'
import { resolveTypes } from './resolve-types.ts'
import { foreignParts, notesOf, spelledState, type TableState, tableNameOf } from './table-state.ts'
import { ENCODING_NAMES } from './text-encodings.ts'
import type { TypeMapping } from './type-mapping.ts'

/** A column with everything needed to read it. */
export interface PgColumn extends SourceColumn {
  readonly sourceType: string
  /** Its number in the table, never reused for another column. */
  readonly attnum: number
  /** Oid of the type of its values; for a domain, of the base type. */
  readonly typeOid: number
  readonly modifier: number
  readonly mapping: TypeMapping
  /** The recipes by which its values are read, with their versions. */
  readonly recipes: readonly Recipe[]
}

/** A table with everything needed to read it. */
export interface PgTable extends TableSchema {
  readonly oid: number
  /** Encoding of the database, by Postgres's name: `UTF8`, `SQL_ASCII` (any bytes), `WIN1252`. */
  readonly encoding: string
  readonly columns: readonly PgColumn[]
  /** True if a foreign server has the rows, or some of them. */
  readonly foreign: boolean
}

const KINDS: Readonly<Record<string, string>> = {
  r: 'table',
  p: 'partitioned table',
  m: 'materialized view',
  v: 'view',
  f: 'foreign table',
}

/**
 * Kinds that are read only if they are named: reading one may be slow, and its rows may not be from the snapshot.
 */
const ONLY_WHEN_NAMED: Readonly<Record<string, string>> = { v: 'a view', f: 'a foreign table' }

// Partitions are part of their parent, unless they are being detached. Sizes are sums over the leaves, with the values
// stored outside the rows (TOAST); -1 and 0 mean "never analysed".
const TABLES = `
  WITH RECURSIVE pending AS (
    SELECT inhrelid, inhparent FROM pg_inherits WHERE inhdetachpending
  ), root AS (
    SELECT c.oid, c.relname, c.relkind, c.relispopulated, c.relnamespace, n.nspname
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'm', 'v', 'f') AND (NOT c.relispartition OR c.oid IN (SELECT inhrelid FROM pending)) AND c.relpersistence <> 't'
      AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
  ), child AS (${CHILDREN}), tree AS (
    SELECT oid AS root, oid FROM root UNION SELECT t.root, i.inhrelid FROM tree t JOIN child i ON i.inhparent = t.oid
  ), size AS (
    SELECT t.root, sum(greatest(c.reltuples, 0)) AS rows, sum(greatest(c.relpages, 0) + coalesce(greatest(beside.relpages, 0), 0)) AS pages,
      bool_or(c.relpersistence = 'u') AS unlogged
    FROM tree t JOIN pg_class c ON c.oid = t.oid AND c.relkind IN ('r', 'm') LEFT JOIN pg_class beside ON beside.oid = c.reltoastrelid GROUP BY t.root
  ), named AS (SELECT c.oid, c.relkind, c.relispartition, ARRAY[n.nspname, c.relname]::text[] AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  ), part AS (
    SELECT t.root, array_agg(c.name ORDER BY c.name) FILTER (WHERE c.relkind = 'f') AS foreign_parts,
      array_agg(c.name ORDER BY c.name) FILTER (WHERE NOT c.relispartition) AS children
    FROM tree t JOIN named c ON c.oid = t.oid WHERE t.root <> t.oid GROUP BY t.root
  ), detaching AS (
    SELECT d.root, array_agg(whole.name || part.name ORDER BY part.name) AS pairs
    FROM (SELECT t.root, p.* FROM pending p JOIN tree t ON t.oid = p.inhparent UNION SELECT p.inhrelid, p.* FROM pending p) d
      JOIN named whole ON whole.oid = d.inhparent JOIN named part ON part.oid = d.inhrelid GROUP BY d.root
  ), foreign_key AS (${FOREIGN_KEYS})
  SELECT r.oid::bigint, r.nspname AS schema, r.relname AS name, r.relkind AS kind, r.relispopulated AS populated,
    size.rows::float8 AS rows, size.pages::float8 * current_setting('block_size')::int AS bytes,
    size.unlogged IS TRUE AND pg_is_in_recovery() AS unlogged_elsewhere, part.foreign_parts, part.children, detaching.pairs AS detaching,
    foreign_key.refs AS references,
    has_schema_privilege(r.relnamespace, 'USAGE') IS NOT FALSE AS schema_usage, has_table_privilege(r.oid, 'SELECT') IS NOT FALSE AS may_select,
    row_security_active(r.oid) AS row_security, current_user AS role,
    (SELECT e.extname FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
      WHERE d.classid = 'pg_class'::regclass AND d.objid = r.oid AND d.objsubid = 0
        AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e') AS extension,
    (SELECT array_agg(a.attname::text ORDER BY k.position)
      FROM pg_index i, unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, position), pg_attribute a
      WHERE i.indrelid = r.oid AND i.indisprimary AND a.attrelid = r.oid AND a.attnum = k.attnum) AS primary_key
  FROM root r LEFT JOIN size ON size.root = r.oid LEFT JOIN part ON part.root = r.oid LEFT JOIN detaching ON detaching.root = r.oid
    LEFT JOIN foreign_key ON foreign_key.root = r.oid
  ORDER BY r.nspname, r.relname`

const COLUMNS = `
  SELECT a.attrelid::bigint AS table, a.attname AS name, a.attnum, a.attnotnull AS not_null, a.atttypid::bigint AS type_oid, a.atttypmod AS modifier,
    format_type(a.atttypid, a.atttypmod) AS source_type, has_column_privilege(a.attrelid, a.attnum, 'SELECT') IS NOT FALSE AS may_select,
    EXISTS (SELECT FROM pg_largeobject_metadata) OR EXISTS (SELECT FROM pg_depend d JOIN pg_extension x ON x.oid = d.refobjid
      WHERE d.classid = 'pg_type'::regclass AND d.objid = a.atttypid AND d.refclassid = 'pg_extension'::regclass AND x.extname = 'lo') AS large_object
  FROM pg_attribute a
  WHERE a.attrelid = ANY ($1::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
  ORDER BY a.attrelid, a.attnum`

/** `pg_type.oid` of oid. */
const OID = 26

/**
 * Lists every table that a warehouse can hold, from the catalog alone: tables, partitioned parents as one table
 * (inheritance parents as SELECT reads them, with their children), materialized views, and, marked as read only if
 * named, views, foreign tables and tables of an extension.
 * Takes no lock on any of them. Call it inside `beginSnapshot`. Tables are ordered by schema and name, columns as in
 * the table.
 */
export async function listTables(client: PgClient): Promise<PgTable[]> {
  const tables = await catalogRows<TableRow>(client, TABLES)
  const columns = await catalogRows<ColumnRow>(client, COLUMNS, [tables.map((row) => row.oid)])
  const { rows } = await client.query(`SELECT current_setting('server_encoding') AS encoding`)
  const typeOf = await resolveTypes(client, columns.map(declaredType))
  const database: Database = { encoding: rows[0].encoding, typeOf: (column) => typeOf(declaredType(column)) }
  const columnsOf = new Map<string | number, ColumnRow[]>()
  for (const row of columns) {
    const list = columnsOf.get(row.table) ?? []
    list.push(row)
    columnsOf.set(row.table, list)
  }
  return tables.map((row) => toTable(row, columnsOf.get(row.oid) ?? [], database))
}

/** 8-byte numbers are strings or numbers, as `catalogRows` returns them. */
interface ColumnRow {
  table: string | number
  name: string
  attnum: number
  not_null: boolean
  type_oid: string | number
  modifier: number
  source_type: string
  may_select: boolean
  /** True for the domain of the extension `lo`, and for any type if the database contains large objects. */
  large_object: boolean
}

interface Database {
  readonly encoding: string
  readonly typeOf: (column: ColumnRow) => PgType
}

const declaredType = (row: ColumnRow) => ({ oid: Number(row.type_oid), modifier: row.modifier })

function toColumn(row: ColumnRow, table: TableRow, { encoding, typeOf }: Database): PgColumn {
  const type = typeOf(row)
  const found = mapType(type)
  const isDomain = type.oid !== Number(row.type_oid)
  // DuckDB's extension sends a domain as text, in a form of its own
  const mapping = isDomain ? { ...found, binary: false } : found
  const allowedTypes = Object.entries(mapping.allowedTypes as Readonly<Record<string, TypeMapping>>).map(
    ([choice, { type: of, inferred }]) => [choice, { type: of, inferred: inferred !== undefined }],
  )
  return {
    name: spelled(row.name),
    type: mapping.type,
    nullable: !row.not_null,
    sourceType: spelled(row.source_type),
    attnum: row.attnum,
    typeOid: type.oid,
    modifier: type.modifier,
    mapping,
    recipes: recipesOf(type),
    allowedTypes: Object.fromEntries(allowedTypes),
    ...(mapping.inferred ? { inferred: true, expectedType: expectedType(mapping) } : {}),
    ...(row.large_object && type.oid === OID ? { refersTo: 'large objects' } : {}),
    ...(mapping.decoded && encoding !== 'UTF8' ? { encodings: ENCODING_NAMES } : {}),
    ...(row.may_select && !isBroken(row.name) ? {} : { denied: deniedColumn(row, table) }),
  }
}

function deniedColumn({ name }: ColumnRow, table: TableRow): Denied {
  if (isBroken(name)) {
    const listed = `tables: { ${JSON.stringify(formatTableName(table))}: { columns: { exclude: [${JSON.stringify(spelled(name))}] } } }`
    return { reason: BROKEN, hint: `Leave it out, spelled like this: ${listed}. Or rename it in Postgres.` }
  }
  const sql = grants(table, `SELECT (${quoteIdentifier(name)})`)
  return {
    reason: 'no SELECT privilege',
    hint: `${sql} Or list it under columns.exclude of ${formatTableName(table)}.`,
    sql,
  }
}

interface TableRow extends TableState {
  oid: string | number
  populated: boolean
  rows: number | null
  bytes: number | null
  schema_usage: boolean
  may_select: boolean
  row_security: boolean
  /** True on a standby for an unlogged table, whose rows are only on the primary. */
  unlogged_elsewhere: boolean
  role: string
  extension: string | null
  primary_key: string[] | null
}

/** The reason for a name that is not text. */
const BROKEN = 'its name is not text: each %HH stands for an invalid byte'

function toTable(found: TableRow, columnRows: readonly ColumnRow[], database: Database): PgTable {
  const broken = isBroken(found.schema) || isBroken(found.name)
  const row = { ...found, ...spelledState(found) }
  const columns = columnRows.map((column) => toColumn(column, row, database))
  const parts = foreignParts(row)
  const ownKind = parts.length > 0 ? `partly foreign (${parts.join(', ')})` : ONLY_WHEN_NAMED[row.kind]
  const onlyWhenNamed = row.extension === null ? ownKind : `part of the extension ${row.extension}`
  const denied = broken ? deniedName(row) : whyDenied(row, columns)
  const notes = notesOf(row)
  const foreign = row.kind === 'f' || parts.length > 0
  return {
    oid: Number(row.oid),
    encoding: database.encoding,
    schema: row.schema,
    name: row.name,
    kind: KINDS[row.kind] as string,
    columns,
    foreign,
    primaryKey: (row.primary_key ?? []).map(spelled),
    ...(row.rows ? { estimatedRows: row.rows } : {}),
    ...(row.bytes ? { estimatedBytes: row.bytes } : {}),
    ...(onlyWhenNamed ? { onlyWhenNamed } : {}),
    ...(foreign || row.kind === 'v' ? { outsideInstant: true } : {}),
    ...(row.children ? { children: row.children.map(tableNameOf) } : {}),
    ...(row.references ? { references: row.references.map(tableNameOf) } : {}),
    ...(notes.length > 0 ? { notes } : {}),
    ...(denied ? { denied } : {}),
  }
}

function deniedName(row: TableRow): Denied {
  const hint = `Leave it out, spelled like this: exclude: [${JSON.stringify(exactPattern(row))}]. Or rename it in Postgres.`
  return { reason: BROKEN, hint }
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
      hint: `Its policies may hide rows from this role: use a role with BYPASSRLS, ${orExclude}`,
      sql: `ALTER ROLE ${quoteIdentifier(row.role)} BYPASSRLS;`,
    }
  }
  if (row.kind === 'm' && !row.populated) {
    const sql = `REFRESH MATERIALIZED VIEW ${quoteIdentifier(row.schema)}.${quoteIdentifier(row.name)};`
    return { reason: 'the materialized view has never been filled', hint: `${sql} ${orExclude}`, sql }
  }
  if (row.unlogged_elsewhere) {
    const reason = 'unlogged table: a standby does not have its rows'
    return { reason, hint: `Read the primary, ${orExclude}` }
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
