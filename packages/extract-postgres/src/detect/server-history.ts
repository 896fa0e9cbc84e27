import { attemptQuery } from '../session/attempt-query.ts'
import type { PgClient } from '../session/pg-client.ts'

/** What has to be the same for transaction ids of two snapshots to be comparable. */
export interface ServerHistory {
  /** Null where the role may not ask for it. */
  readonly system_identifier: string | null
  /** Oid of the database: a copy of a database has the oids and files of its tables, under the same name. */
  readonly database: number
  readonly standby: boolean
  /** Of the log that is being written; null on a standby. */
  readonly timeline: string | null
  /** When the server was started. */
  readonly started: string
  /**
   * When it last recovered from a crash. A backend that is killed makes the server recover without a new start: commits
   * that were not yet on disk (`synchronous_commit = off`) are lost, and their transaction ids are used again. Recovery
   * resets all statistics, and this is the oldest reset.
   */
  readonly recovered: string
}

/** A snapshot in numbers; transaction ids have 64 bits, in decimal. */
export interface SnapshotNumbers {
  /** All transactions with a lower id had ended. */
  readonly xmin: string
  /** One more than the highest id of a transaction that had ended. */
  readonly xmax: string
  /** Position in the log; null where there is none. */
  readonly position: string | null
}

// A standby has no current position, and no timeline that everybody may see.
const HISTORY = `
  SELECT pg_catalog.pg_snapshot_xmin(s)::text AS xmin, pg_catalog.pg_snapshot_xmax(s)::text AS xmax,
    (SELECT oid::bigint FROM pg_catalog.pg_database WHERE datname = current_database())::text AS database,
    pg_catalog.pg_is_in_recovery() AS standby,
    CASE WHEN NOT pg_catalog.pg_is_in_recovery()
      THEN pg_catalog.substr(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 1, 8) END AS timeline,
    least((SELECT stats_reset FROM pg_catalog.pg_stat_bgwriter),
      (SELECT stats_reset FROM pg_catalog.pg_stat_archiver))::text AS recovered
  FROM pg_catalog.pg_current_snapshot() AS s`

/** What the opened snapshot already knows about itself. */
export interface KnownOfSnapshot {
  readonly system_identifier: string | null
  readonly started: string
  readonly position: string | null
}

/**
 * Reads what identifies the server and its snapshot, with no right beyond CONNECT. Call it inside the snapshot. A text
 * says why the server does not tell.
 */
export async function readHistory(
  client: PgClient,
  { system_identifier, started, position }: KnownOfSnapshot,
): Promise<{ readonly server: ServerHistory; readonly snapshot: SnapshotNumbers } | string> {
  const answer = await attemptQuery(client, HISTORY)
  if ('raised' in answer) return `the server does not say whether it is the same: ${answer.raised.message}`
  const { xmin, xmax, database, standby, timeline, recovered } = answer.results[0]?.rows[0] ?? {}
  if (recovered === null) return 'the server does not say when it last recovered from a crash'
  return {
    server: { system_identifier, database: Number(database), standby, timeline, started, recovered },
    snapshot: { xmin, xmax, position },
  }
}

interface Moment {
  readonly server: ServerHistory
  readonly snapshot: SnapshotNumbers
}

/**
 * Why the transaction ids of two snapshots cannot be compared; null if they can. Within one server process that has not
 * crashed, no commit is ever lost. The other fields tell a restored, copied or promoted server from it.
 */
export function whyOtherServer(
  { server: then, snapshot: before }: Moment,
  { server, snapshot }: Moment,
): string | null {
  if (then.system_identifier !== server.system_identifier) return 'it is another server'
  if (then.database !== server.database) return 'it is another database, or one that was created again'
  if (then.started !== server.started) return 'the server was restarted, or it is another one'
  if (then.recovered !== server.recovered) return 'the server recovered from a crash, or all its statistics were reset'
  if (then.standby !== server.standby || then.timeline !== server.timeline) return 'the server was promoted'
  const back =
    isBefore(snapshot.position, before.position) ||
    BigInt(snapshot.xmin) < BigInt(before.xmin) ||
    BigInt(snapshot.xmax) < BigInt(before.xmax)
  return back ? 'the server is at an earlier position of its log' : null
}

function isBefore(position: string | null, other: string | null): boolean {
  if (position === null || other === null) return position !== other
  return logOffset(position) < logOffset(other)
}

/** The text of a pg_lsn: the upper and lower 32 bits in hex. */
function logOffset(position: string): bigint {
  const [upper = '0', lower = '0'] = position.split('/')
  return (BigInt(`0x${upper}`) << 32n) + BigInt(`0x${lower}`)
}
