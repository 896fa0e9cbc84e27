import { DwhError, quoteLiteral } from '@dwh/core'
import type { QueryResult } from 'pg'
import type { PgClient } from './pg-client.ts'
import { within } from './within.ts'

/** A session that waits for a lock that one of our backends holds. */
export interface Waiter {
  readonly pid: number
  /** Kind of its statement, such as `ALTER TABLE`, never its text; `a statement` if this role may not see it. */
  readonly statement: string
}

export interface BlockedWatch {
  /**
   * Calls `onBlocked` once when a session waits for a table lock that backend `pid` holds. Returns a function that
   * stops watching.
   */
  watch(pid: number, onBlocked: (waiter: Waiter) => void): () => void
}

export interface WatchBlockedOptions {
  /** An idle session in a transaction; null while there is none: then nothing is checked. */
  readonly spare: () => PgClient | null
  /** Delay between an answer and the next query. */
  readonly everyMs: number
  /** Maximum time of an answer: the queries need no work. */
  readonly heartbeatMs: number
  /** Called after that time: the session, and its snapshot with it, counts as lost. */
  readonly onSilence: () => void
}

/**
 * Watches for statements that wait for our locks: `lock_timeout` limits our own waiting, but not that of an ALTER TABLE
 * behind our ACCESS SHARE lock, nor that of the queries behind the ALTER TABLE. Sends no query while no backend is
 * watched, and none after a failed query: a lost session, or a role without the permission, has no further effect.
 */
export function watchBlocked({ spare, everyMs, heartbeatMs, onSilence }: WatchBlockedOptions): BlockedWatch {
  const watched = new Map<number, (waiter: Waiter) => void>()
  let asking = false
  let unable = false

  function soon<T>(answer: Promise<T>): Promise<T> {
    return within(answer, heartbeatMs, () => {
      onSilence()
      return new Error('silence')
    })
  }

  async function ask(): Promise<void> {
    const client = spare()
    const asked = new Map(watched)
    const found = client && asked.size > 0 ? await soon(findBlocked(client, [...asked.keys()])) : []
    for (const { backend, ...waiter } of found) {
      const onBlocked = watched.get(backend)
      // the backend may read another table by now
      if (onBlocked === undefined || onBlocked !== asked.get(backend)) continue
      watched.delete(backend)
      onBlocked(waiter)
    }
  }

  function askLater(): void {
    if (asking || unable || watched.size === 0) return
    asking = true
    const timer = setTimeout(async () => {
      try {
        await ask()
      } catch {
        // the reads report a lost session
        unable = true
      }
      asking = false
      askLater()
    }, everyMs)
    // the timer must not keep the process alive
    timer.unref()
  }

  return {
    watch(pid, onBlocked) {
      watched.set(pid, onBlocked)
      askLater()
      return () => {
        if (watched.get(pid) === onBlocked) watched.delete(pid)
      }
    },
  }
}

interface Blocked extends Waiter {
  /** Our backend, which it waits for. */
  readonly backend: number
}

const SAVEPOINT = 'dwh_watch'

/** Uses a savepoint: a failed query must not end the transaction that holds the snapshot. */
async function findBlocked(client: PgClient, backends: readonly number[]): Promise<Blocked[]> {
  try {
    const results: unknown = await client.query(
      // within a transaction the server returns the activity from the first query, unless the snapshot of the
      // statistics is cleared
      `SAVEPOINT ${SAVEPOINT}; SELECT pg_catalog.pg_stat_clear_snapshot(); ${blockedQuery(backends)}; RELEASE SAVEPOINT ${SAVEPOINT}`,
    )
    const [, , { rows }] = results as [QueryResult, QueryResult, QueryResult, QueryResult]
    return rows.map(({ backend, pid, kind }) => ({ backend, pid, statement: kindOf(kind) }))
  } catch (error) {
    await client.query(`ROLLBACK TO SAVEPOINT ${SAVEPOINT}; RELEASE SAVEPOINT ${SAVEPOINT}`)
    throw error
  }
}

/**
 * `pg_blocking_pids` blocks the whole lock table for a moment, so it is called only for sessions that wait for a table.
 * It also returns sessions ahead in the queue: a query behind an ALTER TABLE waits for that one, not for us. Functions
 * instead of `pg_stat_activity`, which would keep locks on shared catalogs until the end of the transaction.
 */
function blockedQuery(backends: readonly number[]): string {
  return `SELECT backend, waiting.pid, ${kindSql('activity.query')} AS kind
    FROM (SELECT DISTINCT pid FROM pg_catalog.pg_locks WHERE NOT granted AND locktype = 'relation') AS waiting,
      LATERAL unnest(pg_catalog.pg_blocking_pids(waiting.pid)) AS backend,
      LATERAL pg_catalog.pg_stat_get_activity(waiting.pid) AS activity
    WHERE backend = ANY ('{${backends.join()}}'::int[])`
}

/**
 * Statements that take ACCESS EXCLUSIVE: https://www.postgresql.org/docs/current/explicit-locking.html. Matched on the
 * server: the text of a statement may be in any encoding.
 */
const KINDS =
  '(?:^|;)\\s*((?:alter|drop|reindex|create)\\s+(?:or\\s+replace\\s+)?(?:unique\\s+)?(?:materialized\\s+view|foreign\\s+table|table|index|view|trigger|rule|policy|schema)|truncate|refresh\\s+materialized\\s+view|vacuum|cluster|lock)\\y'

/** SQL expression for the kind of a statement, for `kindOf`; null if it is not one that prevents reading a table. */
export function kindSql(query: string): string {
  return `(pg_catalog.regexp_match(${query}, ${quoteLiteral(KINDS)}, 'i'))[1]`
}

/** The readable kind, such as `ALTER TABLE`. */
export function kindOf(kind: string | null): string {
  return kind === null ? 'a statement' : kind.toUpperCase().replaceAll(/\s+/g, ' ')
}

/** The error of a read that stopped for a waiting statement. */
export function madeWay(table: string, { pid, statement }: Waiter): DwhError {
  return new DwhError('SOURCE_FAILED', `${table}: stopped reading so that ${statement} (pid ${pid}) could run`, {
    hint: 'Run again at a time without such statements. With on_blocked_ddl: wait, these statements and all queries behind them wait until the table is read.',
    context: { retryable: true },
  })
}

/** The note for a read that continues. */
export function inTheWay(table: string, { pid, statement }: Waiter): string {
  return `${table}: ${statement} (pid ${pid}) and the queries behind it wait until the table is read (on_blocked_ddl: wait)`
}
