import { DwhError, formatTableName, quoteLiteral, type TableName } from '@dwh/core'
import type { PgTable } from '../catalog/list-tables.ts'
import type { PgClient } from '../session/pg-client.ts'
import { kindOf, kindSql } from '../session/watch-blocked.ts'

/** A session or prepared transaction that holds, or waits for, the lock that excludes reading (ACCESS EXCLUSIVE). */
export interface LockHolder {
  /** Null for a prepared transaction, which belongs to no session. */
  readonly pid: number | null
  /** The name of the prepared transaction; null for a session. */
  readonly prepared: string | null
  readonly role: string | null
  readonly application: string | null
  /** Kind of its last statement, as `kindSql` finds it; null if this role may not see it. */
  readonly kind: string | null
  /** Start of its transaction, ISO 8601; null if this role may not see it. */
  readonly since: string | null
  /** False if it waits for the lock itself, ahead of us. */
  readonly granted: boolean
  readonly relation: TableName
}

// A read of the table locks its partitions and children, the tables that a view reads, and all their indexes, which
// REINDEX locks.
const HOLDER = `
  WITH RECURSIVE reads AS (
    SELECT $1::oid AS oid
    UNION
    SELECT next.oid FROM reads, LATERAL (
      SELECT i.inhrelid AS oid FROM pg_inherits i WHERE i.inhparent = reads.oid
      UNION ALL SELECT i.indexrelid FROM pg_index i WHERE i.indrelid = reads.oid
      UNION ALL SELECT d.refobjid FROM pg_rewrite r JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
        WHERE r.ev_class = reads.oid
    ) next
  )
  SELECT l.pid, x.gid AS prepared, coalesce(x.owner, pg_get_userbyid(a.usesysid))::text AS role, nullif(a.application_name, '') AS application, ${kindSql('a.query')} AS kind,
    to_char(coalesce(x.prepared, a.xact_start) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS since, l.granted, n.nspname AS schema, c.relname AS name
  FROM reads JOIN pg_locks l ON l.relation = reads.oid AND l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock'
    JOIN pg_database b ON b.oid = l.database AND b.datname = current_database()
    JOIN pg_class c ON c.oid = reads.oid JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_prepared_xacts x ON l.pid IS NULL AND EXISTS (SELECT FROM pg_locks own WHERE own.pid IS NULL
      AND own.locktype = 'transactionid' AND own.virtualtransaction = l.virtualtransaction AND own.transactionid = x.transaction)
    LEFT JOIN LATERAL pg_stat_get_activity(coalesce(l.pid, 0)) a ON true
  WHERE l.pid IS DISTINCT FROM pg_backend_pid()
  ORDER BY l.granted DESC, reads.oid = $1 DESC LIMIT 1`

/**
 * Finds the session or prepared transaction that prevents reading a table now; null if there is none any more. Takes no
 * lock on the table.
 */
export async function findLockHolder(client: PgClient, table: PgTable): Promise<LockHolder | null> {
  const { rows } = await client.query(HOLDER, [table.oid])
  const [found] = rows
  if (!found) return null
  const { schema, name, ...holder } = found
  return { ...holder, relation: { schema, name } }
}

/** The error of a read that waited for a lock in vain. `context.sql` ends the holder. */
export function lockedBy(table: TableName, holder: LockHolder, cause: unknown): DwhError {
  const { pid, prepared, role, application, kind, since, granted, relation } = holder
  const [name, locked] = [formatTableName(table), formatTableName(relation)]
  const what = name === locked ? '' : `${locked}, which it reads, is `
  const details = [
    ...(prepared === null ? [kindOf(kind)] : []),
    ...(role === null ? [] : [`role ${role}`]),
    ...(application === null ? [] : [`application ${application}`]),
    ...(since === null ? [] : [`since ${since}`]),
  ].filter((detail) => detail !== 'a statement')
  const who = prepared === null ? `pid ${pid}` : `the prepared transaction ${prepared}`
  const how = granted ? 'locked by' : 'blocked by a waiting lock of'
  const sql =
    prepared === null ? `SELECT pg_terminate_backend(${pid});` : `ROLLBACK PREPARED ${quoteLiteral(prepared)};`
  const other = prepared === null ? '' : ` (or COMMIT PREPARED ${quoteLiteral(prepared)};)`
  return new DwhError(
    'SOURCE_FAILED',
    `${name}: ${what}${how} ${who}${details.length > 0 ? ` (${details.join(', ')})` : ''}`,
    {
      cause,
      hint: `Run again after it has ended. If nobody needs it, end it: ${sql}${other}`,
      context: { sql },
    },
  )
}
