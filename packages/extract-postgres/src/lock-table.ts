import { DwhError, formatTableName } from '@dwh/core'
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

/**
 * Takes the table's lock (ACCESS SHARE: it stands in the way of nothing but ALTER, TRUNCATE and DROP) until the end of the transaction, then makes sure that
 * the table still is what the snapshot knows. Without this, a TRUNCATE between the snapshot and the lock reads as an empty table, a rewrite may, and
 * a partition detached or attached in between is missing or too much; each without an error.
 * @throws DwhError SOURCE_CHANGED
 */
export async function lockTable(client: PgClient, table: PgTable): Promise<void> {
  await client.query(`SELECT FROM ${qualifiedName(table)} LIMIT 0`)
  const { rows } = await client.query(CHANGES, [table.oid, table.kind === 'partitioned table'])
  if (rows.length === 0) return
  const what = rows.map((row) => row.name).join(', ')
  throw new DwhError(
    'SOURCE_CHANGED',
    `${formatTableName(table)}: truncated, rewritten, attached or detached since the snapshot was taken (${what})`,
    {
      hint: 'Reading on would lose or add rows. Run again; if it happens often, run at a time without TRUNCATE, ALTER or REFRESH.',
    },
  )
}
