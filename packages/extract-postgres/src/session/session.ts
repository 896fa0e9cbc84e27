import type { SnapshotInfo } from '@dwh/core'
import { quoteLiteral } from '@dwh/core'
import type { QueryResult, QueryResultRow } from 'pg'
import { APPLICATION_NAME } from './open-client.ts'
import type { PgClient } from './pg-client.ts'

export interface BeginSnapshotOptions {
  /**
   * Snapshot id that `pg_export_snapshot()` returned in another session that is still in its transaction. If absent,
   * the session has its own snapshot.
   */
  readonly snapshotId?: string | undefined
  /** How long to wait for a lock; 0 for no limit. Default 10 s. */
  readonly lockTimeoutMs?: number | undefined
  /** The name of the session in `pg_stat_activity`. Default `dwh`. */
  readonly applicationName?: string | undefined
}

export const DEFAULT_LOCK_TIMEOUT_MS = 10_000

/**
 * Settings that make every value print in one form, whatever the settings of the database, the role or the pooler:
 * nearly the settings of pg_dump. Set with SET LOCAL, after BEGIN: poolers in transaction mode keep nothing else, and
 * this leaves nothing to the next client.
 */
const SETTINGS: Readonly<Record<string, string>> = {
  client_encoding: 'UTF8',
  search_path: '',
  TimeZone: 'UTC',
  DateStyle: 'ISO, YMD',
  IntervalStyle: 'postgres',
  bytea_output: 'hex',
  xmlbinary: 'base64',
  extra_float_digits: '1',
  standard_conforming_strings: 'on',
  // an unquoted NULL in the text of an array is read as null
  array_nulls: 'on',
  quote_all_identifiers: 'off',
  // an error instead of a table with some of its rows
  row_security: 'off',
  synchronize_seqscans: 'off',
  // for a table with hundreds of columns, compiling a query takes longer than running it
  jit: 'off',
  // the server must not end a long read, nor the idle session that holds the snapshot: we enforce the time limits
  statement_timeout: '0',
  idle_in_transaction_session_timeout: '0',
}

/**
 * The same settings as options for the start of a session that another program opens. Poolers refuse them.
 * https://www.postgresql.org/docs/18/libpq-connect.html#LIBPQ-CONNECT-OPTIONS
 */
export function sessionOptions(lockTimeoutMs: number): string {
  return Object.entries({ ...SETTINGS, lock_timeout: String(lockTimeoutMs) })
    .map(([name, value]) => `-c ${name}=${value.replace(/[\\ ]/g, '\\$&')}`)
    .join(' ')
}

/** Maximum interval of the checks below. */
const NOTICE_MS = 500

/** Minimum interval, however short `lock_timeout` is: a check has a cost too. */
const LEAST_NOTICE_MS = 50

/**
 * Interval at which we check for statements that wait for us, and the server checks whether we are connected: several
 * times within `lock_timeout`.
 */
export function noticeMs(lockTimeoutMs: number = DEFAULT_LOCK_TIMEOUT_MS): number {
  if (lockTimeoutMs === 0) return NOTICE_MS
  return Math.min(NOTICE_MS, Math.max(LEAST_NOTICE_MS, Math.round(lockTimeoutMs / 4)))
}

/** The server process of a session, and the encoding of its database. */
export interface Backend {
  /**
   * Identifies a running server among others, its standbys included, which share its `system_identifier`: the time of
   * its start, to the microsecond. A snapshot id alone is not unique across servers.
   */
  readonly instance: string
  /** Process id of the backend, which a pooler does not report on connection. */
  readonly pid: number
  /** True if the database stores text in UTF-8. */
  readonly utf8: boolean
}

/**
 * Begins a read-only transaction at one snapshot, with settings that make every value print in one exact form. The
 * caller ends it (COMMIT or ROLLBACK), also if this throws.
 */
export async function beginSnapshot(client: PgClient, options: BeginSnapshotOptions = {}): Promise<Backend> {
  const { snapshotId, lockTimeoutMs = DEFAULT_LOCK_TIMEOUT_MS, applicationName = APPLICATION_NAME } = options
  const settings = { ...SETTINGS, application_name: applicationName, lock_timeout: String(lockTimeoutMs) }
  // settings that not every supported server has; Windows cannot check for a disconnected client, and refuses the
  // setting
  const newer = { transaction_timeout: '0', client_connection_check_interval: String(noticeMs(lockTimeoutMs)) }
  const rows = Object.entries(newer).map(([name, value]) => `(${quoteLiteral(name)}, ${quoteLiteral(value)})`)
  // in one request, to save round trips
  const answers: unknown = await client.query(
    [
      'BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY',
      ...(snapshotId === undefined ? [] : [`SET TRANSACTION SNAPSHOT ${quoteLiteral(snapshotId)}`]),
      ...Object.entries(settings).map(([name, value]) => `SET LOCAL ${name} = ${quoteLiteral(value)}`),
      `SELECT pg_catalog.set_config(name, value, true) FROM (VALUES ${rows.join(', ')}) AS n (name, value)
        WHERE pg_catalog.current_setting(name, true) IS NOT NULL
          AND (name <> 'client_connection_check_interval' OR pg_catalog.version() !~* 'windows|mingw|msvc|visual c')`,
      `SELECT pg_catalog.pg_postmaster_start_time()::text AS instance, pg_catalog.pg_backend_pid() AS pid,
        pg_catalog.current_setting('server_encoding') = 'UTF8' AS utf8`,
    ].join('; '),
  )
  return (answers as QueryResult<Backend & QueryResultRow>[]).at(-1)?.rows[0] as Backend
}

/**
 * Exports the snapshot of the current transaction, so that other sessions can import it while this transaction is open.
 */
export async function exportSnapshot(client: PgClient): Promise<SnapshotInfo & { readonly id: string }> {
  // a standby has no current position, only the one replayed so far
  const { rows } = await client.query(`SELECT pg_export_snapshot() AS id,
    CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END::text AS position,
    to_char(statement_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS taken_at,
    current_database() AS database,
    has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE') AS may_identify`)
  const { id, position, taken_at, database, may_identify } = rows[0]
  const identity = may_identify
    ? await client.query('SELECT system_identifier::text AS id FROM pg_control_system()')
    : null
  const source = { kind: 'postgres', system_identifier: (identity?.rows[0].id as string | undefined) ?? null, database }
  return { source, id, position, takenAt: taken_at }
}
