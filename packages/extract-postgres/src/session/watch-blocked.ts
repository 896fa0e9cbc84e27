import { DwhError, quoteLiteral } from '@dwh/core'
import type { QueryResult } from 'pg'
import type { PgClient } from './pg-client.ts'
import { within } from './within.ts'

/** A session that waits for a lock because of a backend of ours. */
export interface Waiter {
  readonly pid: number
  /** Its kind, such as `ALTER TABLE`, never its text; `a statement` where this role may not see it. */
  readonly statement: string
}

export interface BlockedWatch {
  /** Calls `onBlocked`, once, when somebody waits for a lock on a table that backend `pid` holds. Returns how to stop watching it. */
  watch(pid: number, onBlocked: (waiter: Waiter) => void): () => void
}

export interface WatchBlockedOptions {
  /** A session in a transaction with nothing to do; null while there is none: then nobody is asked. */
  readonly spare: () => PgClient | null
  /** How long after one answer the next question comes. */
  readonly everyMs: number
  /** How long an answer may take: nothing that is asked needs work. */
  readonly heartbeatMs: number
  /** Told when it takes longer: the session is as good as gone, and its snapshot with it. */
  readonly onSilence: () => void
}

/**
 * Watches for statements that wait for our locks: `lock_timeout` bounds our own waiting, not that of an ALTER TABLE behind our ACCESS SHARE, nor that of every
 * query of an application behind the ALTER TABLE. Asks nothing while no backend is watched, and never again after a question that failed: a session that is
 * gone, or a role that may not ask, is none the worse for it.
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
      // the same backend may read another table by now
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
        // what a lost session means is for the reads to find out
        unable = true
      }
      asking = false
      askLater()
    }, everyMs)
    // a process that has nothing left to read need not wait for it
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
  /** Ours, which it waits for. */
  readonly backend: number
}

const SAVEPOINT = 'dwh_watch'

/** Behind a savepoint: a question that fails must not end the transaction that holds the snapshot. */
async function findBlocked(client: PgClient, backends: readonly number[]): Promise<Blocked[]> {
  try {
    const results: unknown = await client.query(
      // within a transaction the server shows everybody's activity as it was when it was first asked for, unless it is told to look again
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
 * `pg_blocking_pids` holds up the whole lock table for a moment, so only those who wait for a table are asked about. It names who is ahead in the queue, too: a query behind
 * an ALTER TABLE waits for that, not for us. Functions instead of `pg_stat_activity`, which would leave locks on shared catalogs until the end of the transaction.
 */
function blockedQuery(backends: readonly number[]): string {
  return `SELECT backend, waiting.pid, ${kindSql('activity.query')} AS kind
    FROM (SELECT DISTINCT pid FROM pg_catalog.pg_locks WHERE NOT granted AND locktype = 'relation') AS waiting,
      LATERAL unnest(pg_catalog.pg_blocking_pids(waiting.pid)) AS backend,
      LATERAL pg_catalog.pg_stat_get_activity(waiting.pid) AS activity
    WHERE backend = ANY ('{${backends.join()}}'::int[])`
}

/** What takes ACCESS EXCLUSIVE: https://www.postgresql.org/docs/current/explicit-locking.html. Looked for by the server: the text of a statement may be in any encoding. */
const KINDS =
  '(?:^|;)\\s*((?:alter|drop|reindex|create)\\s+(?:or\\s+replace\\s+)?(?:unique\\s+)?(?:materialized\\s+view|foreign\\s+table|table|index|view|trigger|rule|policy|schema)|truncate|refresh\\s+materialized\\s+view|vacuum|cluster|lock)\\y'

/** The expression for the kind of a statement, for `kindOf`; null where it is none of those that keep a table from being read. */
export function kindSql(query: string): string {
  return `(pg_catalog.regexp_match(${query}, ${quoteLiteral(KINDS)}, 'i'))[1]`
}

/** Such as `ALTER TABLE`. */
export function kindOf(kind: string | null): string {
  return kind === null ? 'a statement' : kind.toUpperCase().replaceAll(/\s+/g, ' ')
}

/** What a read fails with that has ended for somebody who waited. */
export function madeWay(table: string, { pid, statement }: Waiter): DwhError {
  return new DwhError(
    'SOURCE_FAILED',
    `${table}: the read made way for ${statement} of pid ${pid}, which waited for it`,
    {
      hint: 'Run again, at a time without such statements. With on_blocked_ddl: wait they, and all that comes behind them, wait until the table is read.',
      context: { retryable: true },
    },
  )
}

/** What is said of a read that goes on. */
export function inTheWay(table: string, { pid, statement }: Waiter): string {
  return `${table}: ${statement} of pid ${pid}, and what comes behind it, waits until the table is read (on_blocked_ddl: wait)`
}
