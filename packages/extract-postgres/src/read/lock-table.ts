import { DwhError, formatTableName, quoteIdentifier, quoteLiteral, type TableName } from '@dwh/core'
import type { FieldDef, QueryResult } from 'pg'
import { CHILDREN } from '../catalog/child-tables.ts'
import type { PgTable } from '../catalog/list-tables.ts'
import { oidList } from '../catalog/oid-list.ts'
import { qualifiedName } from '../catalog/qualified-name.ts'
import type { PgClient } from '../session/pg-client.ts'
import { findLockHolder, lockedBy } from './lock-holder.ts'

// Compares the catalog of the snapshot with the current state of the table and its children. Functions read the
// newest catalog, plain catalog tables are read as of the snapshot; the query depends on this difference.
const knownSql = (roots: readonly number[]) => `
  WITH RECURSIVE child AS (${CHILDREN}), root AS (SELECT unnest(${oidList(roots)}) AS oid), known AS (
    SELECT oid AS root, oid FROM root UNION SELECT known.root, child.inhrelid FROM known JOIN child ON child.inhparent = known.oid
  )`

function changesSql(tables: readonly PgTable[]): string {
  const partitioned = tables.filter(({ kind }) => kind === 'partitioned table')
  return `${knownSql(tables.map(({ oid }) => oid))}
  SELECT known.root::bigint AS root, c.oid::regclass::text AS name FROM known JOIN pg_class c USING (oid)
  WHERE c.relkind IN ('r', 'm') AND pg_relation_filenode(c.oid) IS DISTINCT FROM c.relfilenode
  UNION ALL
  SELECT root.oid::bigint, present.relid::regclass::text FROM root, pg_partition_tree(root.oid::regclass) present
  WHERE (root.oid, present.relid) NOT IN (SELECT known.root, known.oid FROM known)
  UNION ALL
  SELECT known.root::bigint, known.oid::regclass::text FROM known
  WHERE known.root = ANY (${oidList(partitioned.map(({ oid }) => oid))})
    AND known.oid NOT IN (SELECT relid FROM pg_partition_tree(known.root::regclass))`
}

// Uses the name, as every read does, and the current plan of the planner.
const childrenSql = (roots: readonly number[]) => `${knownSql(roots)}
  SELECT known.root::bigint AS root, n.nspname AS schema, c.relname AS name
  FROM known JOIN pg_class c USING (oid) JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid <> known.root`

const SAVEPOINT = 'dwh_lock'

/**
 * Locks the table (ACCESS SHARE, which blocks only ALTER, TRUNCATE and DROP) until the end of the transaction, then
 * checks that the table still matches the snapshot. Without this check, each of the following would read wrong
 * rows without an error: a TRUNCATE between the snapshot and the lock (an empty table), another table under the same
 * name, a column renamed to the name of another, a child attached or detached in between. Not detected: a view whose
 * query was replaced; the new query is then read.
 * @throws DwhError SOURCE_CHANGED; SOURCE_FAILED, with the holder of the lock if there is one
 */
export async function lockTable(client: PgClient, table: PgTable): Promise<void> {
  const statements = [`SAVEPOINT ${SAVEPOINT}`, ...lockStatements([table]), `RELEASE SAVEPOINT ${SAVEPOINT}`]
  // in one request, to save round trips
  const answers: unknown = await client.query(statements.join(';\n')).catch(async (error) => {
    throw error.code === LOCKED
      ? await lockedBySomebody(client, table, error)
      : await lockFailure(client, table, error, SAVEPOINT)
  })
  checkLocked([table], (answers as QueryResult[]).slice(1, -1))
}

/** The statements of `lockTable` for several tables, the locks first; `checkLocked` checks the answers. */
export function lockStatements(tables: readonly PgTable[]): string[] {
  const plain = tables.filter(isPlain)
  return [...tables.map(columnsStatement), changesSql(tables), ...(plain.length > 0 ? childrenStatements(plain) : [])]
}

const isPlain = ({ kind }: PgTable) => kind === 'table'

function columnsStatement(table: PgTable): string {
  return `SELECT ${table.columns.map(({ name }) => quoteIdentifier(name)).join(', ')} FROM ${qualifiedName(table)} LIMIT 0`
}

/** @throws DwhError SOURCE_CHANGED, for the first table that does not match the snapshot */
export function checkLocked(tables: readonly PgTable[], answers: readonly QueryResult[]): void {
  const [parts, , children, ...plans] = answers.slice(tables.length)
  const plain = tables.filter(isPlain)
  for (const [at, table] of tables.entries()) {
    const own = (found: QueryResult | undefined) => found?.rows.filter(({ root }) => Number(root) === table.oid) ?? []
    const plan = plans[plain.indexOf(table)]
    const changes = [
      ...changedColumns(table, answers[at]?.fields ?? []),
      ...own(parts).map(({ name }) => String(name)),
      ...(plan ? changedChildren(table, own(children), plan.rows) : []),
    ]
    if (changes.length > 0) throw changed(table, changes)
  }
}

/** Lists the children. Uses the encoding of the database, in which names that are not text can be compared too. */
function childrenStatements(tables: readonly PgTable[]): string[] {
  return [
    `SET LOCAL client_encoding = ${quoteLiteral((tables[0] as PgTable).encoding)}`,
    childrenSql(tables.map(({ oid }) => oid)),
    ...tables.map((table) => `EXPLAIN (VERBOSE, FORMAT JSON) SELECT FROM ${qualifiedName(table)}`),
    `SET LOCAL client_encoding = 'UTF8'`,
  ]
}

/**
 * Explains an error of these statements. `savepoint`: where the transaction returns to. If the table can still be
 * planned, it exists, and something that it reads does not.
 */
export async function lockFailure(
  client: PgClient,
  table: PgTable,
  error: Error & { readonly code?: string },
  savepoint: string,
): Promise<Error> {
  const { code: sqlstate = '' } = error
  if (!GONE.includes(sqlstate)) return error
  try {
    await client.query(`ROLLBACK TO SAVEPOINT ${savepoint}; EXPLAIN ${columnsStatement(table)}`)
  } catch (again) {
    return GONE.includes((again as { readonly code?: string }).code ?? '')
      ? changed(table, [error.message], error)
      : error
  }
  return new DwhError('SOURCE_FAILED', `${formatTableName(table)}: ${error.message}`, {
    cause: error,
    hint: 'The table exists, but a table that it depends on is missing: on another server, or in a function. Correct that, or exclude the table.',
    context: { sqlstate },
  })
}

/** `lock_timeout` expired. */
const LOCKED = '55P03'

/** Names the holder of the lock. Best effort: if this role may not query it, the error of the server is used. */
async function lockedBySomebody(client: PgClient, table: PgTable, error: Error): Promise<Error> {
  try {
    await client.query(`ROLLBACK TO SAVEPOINT ${SAVEPOINT}`)
    const holder = await findLockHolder(client, table)
    return holder === null ? error : lockedBy(table, holder, error)
  } catch {
    return error
  }
}

/** No such table, column or schema. */
const GONE = ['42P01', '42703', '3F000']

function changed(table: PgTable, changes: readonly string[], cause?: unknown): DwhError {
  return new DwhError(
    'SOURCE_CHANGED',
    `${formatTableName(table)}: replaced, truncated, rewritten, altered, attached or detached since the snapshot was taken (${changes.join(', ')})`,
    {
      cause,
      hint: 'Reading it now would give different rows. Run again; if it happens often, run at a time without TRUNCATE, ALTER or REFRESH.',
    },
  )
}

/** Finds changed columns: the server returns the current table and column number of each. */
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

/**
 * Finds changed children by inheritance. No function lists the current ones, but the planner reads the newest catalog.
 * A custom node of an extension (as of TimescaleDB for compressed chunks) may read tables that are not children.
 */
export function changedChildren(
  table: TableName,
  known: readonly TableName[],
  explained: readonly { 'QUERY PLAN'?: unknown }[],
): string[] {
  const own = formatTableName(table)
  const before = new Set(known.map((row) => formatTableName(row)))
  const now = new Set<string>()
  const beyond = new Set<string>()
  const visit = (node: PlanNode, custom: boolean) => {
    if (node['Relation Name'] !== undefined) {
      const name = formatTableName({ schema: node.Schema ?? '', name: node['Relation Name'] })
      now.add(name)
      // the table itself may be missing: an extension may know that it is empty
      if (!custom && name !== own && !before.has(name)) beyond.add(name)
    }
    for (const child of node.Plans ?? []) visit(child, custom || node['Node Type'] === 'Custom Scan')
  }
  const [{ 'QUERY PLAN': plan } = {}] = explained
  const plans: { Plan: PlanNode }[] = typeof plan === 'string' ? JSON.parse(plan) : (plan as { Plan: PlanNode }[])
  for (const { Plan } of plans) visit(Plan, false)
  return [...[...before].filter((name) => !now.has(name)), ...beyond]
}

/** https://www.postgresql.org/docs/current/sql-explain.html */
interface PlanNode {
  readonly 'Node Type'?: string
  readonly 'Relation Name'?: string
  readonly Schema?: string
  readonly Plans?: readonly PlanNode[]
}
