import { DwhError, formatTableName, quoteIdentifier } from '@dwh/core'
import type { FieldDef } from 'pg'
import type { PgTable } from './list-tables.ts'
import type { PgClient } from './pg-client.ts'
import { qualifiedName } from './read-rows.ts'

// What the snapshot's own catalog says of the table and its children, beside what is there now. Functions read the newest catalog, plain tables
// are read as of the snapshot; the difference is the point.
const CHANGES = `
  WITH RECURSIVE known AS (
    SELECT $1::oid AS oid UNION ALL SELECT i.inhrelid FROM known JOIN pg_inherits i ON i.inhparent = known.oid
  )
  SELECT c.oid::regclass::text AS name FROM known JOIN pg_class c USING (oid)
  WHERE c.relkind IN ('r', 'm') AND pg_relation_filenode(c.oid) IS DISTINCT FROM c.relfilenode
  UNION ALL
  SELECT present.relid::regclass::text FROM pg_partition_tree($1::oid::regclass) present
  WHERE present.relid NOT IN (SELECT oid FROM known)
  UNION ALL
  SELECT known.oid::regclass::text FROM known
  WHERE $2 AND known.oid NOT IN (SELECT relid FROM pg_partition_tree($1::oid::regclass))`

// By its name, as every read of it goes, and with what the planner of now makes of it.
const CHILDREN = `
  WITH RECURSIVE known AS (
    SELECT $1::oid AS oid UNION ALL SELECT i.inhrelid FROM known JOIN pg_inherits i ON i.inhparent = known.oid
  )
  SELECT n.nspname AS schema, c.relname AS name FROM known JOIN pg_class c USING (oid) JOIN pg_namespace n ON n.oid = c.relnamespace`

/**
 * Takes the table's lock (ACCESS SHARE: it stands in the way of nothing but ALTER, TRUNCATE and DROP) until the end of the transaction, then makes sure that
 * the table still is what the snapshot knows. Without this, a TRUNCATE between the snapshot and the lock reads as an empty table; so does another table
 * that has taken its name; a column renamed to another's name gives that one's values; a child attached or detached in between is missing or too
 * much; each without an error. Not noticed: that a view has got another query, which is then the one that is read.
 * @throws DwhError SOURCE_CHANGED
 */
export async function lockTable(client: PgClient, table: PgTable): Promise<void> {
  const columns = table.columns.map(({ name }) => quoteIdentifier(name)).join(', ')
  const { fields } = await client.query(`SELECT ${columns} FROM ${qualifiedName(table)} LIMIT 0`).catch((error) => {
    throw GONE.includes(error.code) ? changed(table, [error.message], error) : error
  })
  const changes = [
    ...changedColumns(table, fields),
    ...(await changedParts(client, table)),
    ...(table.kind === 'table' ? await changedChildren(client, table) : []),
  ]
  if (changes.length > 0) throw changed(table, changes)
}

/** No such table, column or schema. */
const GONE = ['42P01', '42703', '3F000']

function changed(table: PgTable, changes: readonly string[], cause?: unknown): DwhError {
  return new DwhError(
    'SOURCE_CHANGED',
    `${formatTableName(table)}: replaced, truncated, rewritten, altered, attached or detached since the snapshot was taken (${changes.join(', ')})`,
    {
      cause,
      hint: 'Reading on would give other rows or values. Run again; if it happens often, run at a time without TRUNCATE, ALTER or REFRESH.',
    },
  )
}

/** The server says of each column which table and which of its columns it is, as of now. */
function changedColumns(table: PgTable, fields: readonly FieldDef[]): string[] {
  return table.columns.flatMap((column, index) => {
    const field = fields[index]
    const same =
      field?.tableID === table.oid &&
      field.columnID === column.attnum &&
      field.dataTypeID === column.typeOid &&
      field.dataTypeModifier === column.modifier
    return same ? [] : [`column ${column.name}`]
  })
}

async function changedParts(client: PgClient, table: PgTable): Promise<string[]> {
  const { rows } = await client.query(CHANGES, [table.oid, table.kind === 'partitioned table'])
  return rows.map((row) => row.name)
}

/** Children by inheritance, which no function lists as of now; the planner reads the newest catalog, too. */
async function changedChildren(client: PgClient, table: PgTable): Promise<string[]> {
  const known = await client.query(CHILDREN, [table.oid])
  const explained = await client.query(`EXPLAIN (VERBOSE, FORMAT JSON) SELECT FROM ${qualifiedName(table)}`)
  const before = new Set(known.rows.map((row) => formatTableName(row)))
  const now = new Set<string>()
  const visit = (node: PlanNode) => {
    if (node['Relation Name'] !== undefined)
      now.add(formatTableName({ schema: node.Schema ?? '', name: node['Relation Name'] }))
    for (const child of node.Plans ?? []) visit(child)
  }
  const [{ 'QUERY PLAN': plan } = {}] = explained.rows
  for (const { Plan } of typeof plan === 'string' ? JSON.parse(plan) : plan) visit(Plan)
  return [...[...before].filter((name) => !now.has(name)), ...[...now].filter((name) => !before.has(name))]
}

/** https://www.postgresql.org/docs/current/sql-explain.html */
interface PlanNode {
  readonly 'Relation Name'?: string
  readonly Schema?: string
  readonly Plans?: readonly PlanNode[]
}
