import { DwhError, formatTableName, quoteIdentifier, quoteLiteral, type TableName } from '@dwh/core'
import type { FieldDef, QueryResult } from 'pg'
import type { PgTable } from './list-tables.ts'
import type { PgClient } from './pg-client.ts'
import { qualifiedName } from './read-rows.ts'

// What the snapshot's own catalog says of the table and its children, beside what is there now. Functions read the newest catalog, plain tables
// are read as of the snapshot; the difference is the point.
const changesSql = (oid: number, partitioned: boolean) => `
  WITH RECURSIVE known AS (
    SELECT ${oid}::oid AS oid UNION ALL SELECT i.inhrelid FROM known JOIN pg_inherits i ON i.inhparent = known.oid
  )
  SELECT c.oid::regclass::text AS name FROM known JOIN pg_class c USING (oid)
  WHERE c.relkind IN ('r', 'm') AND pg_relation_filenode(c.oid) IS DISTINCT FROM c.relfilenode
  UNION ALL
  SELECT present.relid::regclass::text FROM pg_partition_tree(${oid}::oid::regclass) present
  WHERE present.relid NOT IN (SELECT oid FROM known)
  UNION ALL
  SELECT known.oid::regclass::text FROM known
  WHERE ${partitioned} AND known.oid NOT IN (SELECT relid FROM pg_partition_tree(${oid}::oid::regclass))`

// By its name, as every read of it goes, and with what the planner of now makes of it.
const childrenSql = (oid: number) => `
  WITH RECURSIVE known AS (
    SELECT ${oid}::oid AS oid UNION ALL SELECT i.inhrelid FROM known JOIN pg_inherits i ON i.inhparent = known.oid
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
  // together, since each question alone costs a way there and back
  const statements = [
    `SELECT ${columns} FROM ${qualifiedName(table)} LIMIT 0`,
    changesSql(table.oid, table.kind === 'partitioned table'),
    ...(table.kind === 'table' ? childrenStatements(table) : []),
  ]
  const answers: unknown = await client.query(statements.join(';\n')).catch((error) => {
    throw GONE.includes(error.code) ? changed(table, [error.message], error) : error
  })
  const [locked, parts, , children, plan] = answers as [QueryResult, QueryResult, ...(QueryResult | undefined)[]]
  const changes = [
    ...changedColumns(table, locked.fields),
    ...parts.rows.map((row) => String(row.name)),
    ...(children && plan ? changedChildren(children.rows, plan.rows) : []),
  ]
  if (changes.length > 0) throw changed(table, changes)
}

/** A child may have a name that is no text; in the encoding of the database it is compared all the same. */
function childrenStatements(table: PgTable): string[] {
  return [
    `SET LOCAL client_encoding = ${quoteLiteral(table.encoding)}`,
    childrenSql(table.oid),
    `EXPLAIN (VERBOSE, FORMAT JSON) SELECT FROM ${qualifiedName(table)}`,
    `SET LOCAL client_encoding = 'UTF8'`,
  ]
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

/** Children by inheritance, which no function lists as of now; the planner reads the newest catalog, too. */
function changedChildren(known: readonly TableName[], explained: readonly { 'QUERY PLAN'?: unknown }[]): string[] {
  const before = new Set(known.map((row) => formatTableName(row)))
  const now = new Set<string>()
  const visit = (node: PlanNode) => {
    if (node['Relation Name'] !== undefined)
      now.add(formatTableName({ schema: node.Schema ?? '', name: node['Relation Name'] }))
    for (const child of node.Plans ?? []) visit(child)
  }
  const [{ 'QUERY PLAN': plan } = {}] = explained
  const plans: { Plan: PlanNode }[] = typeof plan === 'string' ? JSON.parse(plan) : (plan as { Plan: PlanNode }[])
  for (const { Plan } of plans) visit(Plan)
  return [...[...before].filter((name) => !now.has(name)), ...[...now].filter((name) => !before.has(name))]
}

/** https://www.postgresql.org/docs/current/sql-explain.html */
interface PlanNode {
  readonly 'Relation Name'?: string
  readonly Schema?: string
  readonly Plans?: readonly PlanNode[]
}
