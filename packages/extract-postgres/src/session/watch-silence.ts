import type { Socket } from 'node:net'
import { DwhError } from '@dwh/core'
import type pg from 'pg'
import type { QueryResult } from 'pg'
import type { PgClient } from './pg-client.ts'
import { sourceFailure } from './postgres-errors.ts'
import { hangUp, within } from './within.ts'

/** How long the server may take to answer a query that needs no work, before it counts as unreachable. */
export const DEFAULT_HEARTBEAT_MS = 30_000

/** True while an answer of the server is awaited; other code reads it. */
export interface Waiting {
  now: boolean
}

/** A connection on which the server may be working, for any time. */
export interface Watched {
  /** Process id of its backend. */
  readonly pid: number
  readonly client: pg.Client
  readonly waiting: Waiting
  /** Called once when data that the server sent will not arrive. */
  lost(): void
}

export interface WatchSilenceOptions {
  readonly server: string
  /** The running server, as in `Backend`. */
  readonly instance: string
  /** An idle session in a transaction; null while there is none. */
  readonly spare: () => PgClient | null
  /** Opens a connection for the check if there is no spare one; closed here. */
  readonly another: () => Promise<pg.Client>
  readonly heartbeatMs: number
  /** Called once when the server gives no answer at all. */
  readonly onDead: (error: DwhError) => void
}

export interface SilenceWatch {
  /** Returns a function that stops watching. */
  watch(watched: Watched): () => void
}

/** Whose turn it is, according to the server: `ours` if the server waits for us. */
type Turn = 'theirs' | 'ours' | 'unknown'

/**
 * Distinguishes a long query from a lost connection. Silence does not tell: a sort may take an hour before its first
 * row, and a firewall that dropped a connection does not report it. So after half a heartbeat without a byte, another
 * connection asks the server what the backend is doing. If it is working, we wait. If two answers say that it waits for
 * us, while we wait for it, its data is lost, and so is this connection. If there is no answer to this query either,
 * the server is unreachable.
 */
export function watchSilence({ server, instance, ...options }: WatchSilenceOptions): SilenceWatch {
  const { spare, another, heartbeatMs, onDead } = options

  async function ask(pid: number): Promise<Turn> {
    const client = spare()
    if (client !== null) return within(turnOf(client, pid), heartbeatMs, () => noAnswer(server, heartbeatMs))
    const found = await another().catch((error) => {
      const failure = sourceFailure(error, { server })
      // a refusal (no free connection, shutting down) is an answer too
      if (failure.code === 'SOURCE_UNREACHABLE' && failure.context.sqlstate === undefined) throw failure
      return null
    })
    if (found === null) return 'unknown'
    try {
      // a pooler may have no server connection for it
      return await within(freshTurnOf(found, pid, instance), heartbeatMs, () => noAnswer(server, heartbeatMs))
    } catch {
      return 'unknown'
    } finally {
      hangUp(found)
    }
  }

  return {
    watch({ pid, client, waiting, lost }) {
      let stopped = false
      let timer: NodeJS.Timeout | undefined
      let bytes = -1
      let looks = 0

      async function look(): Promise<void> {
        const bytesRead = readFrom(client)
        const silent = waiting.now && bytesRead === bytes
        bytes = bytesRead
        if (!silent) {
          looks = 0
          return
        }
        const turn = await ask(pid)
        looks = turn === 'ours' ? looks + 1 : 0
        if (looks < 2 || stopped || !waiting.now || readFrom(client) !== bytes) return
        stopped = true
        lost()
      }

      function later(): void {
        timer = setTimeout(async () => {
          try {
            await look()
          } catch (error) {
            if (!stopped) onDead(error as DwhError)
            stopped = true
          }
          if (!stopped) later()
        }, heartbeatMs / 2)
      }
      later()
      return () => {
        stopped = true
        clearTimeout(timer)
      }
    },
  }
}

/** Bytes read so far, for TLS and plain sockets. */
function readFrom(client: pg.Client): number {
  return (client.connection.stream as Socket).bytesRead
}

const SAVEPOINT = 'dwh_silence'

/**
 * Functions instead of `pg_stat_activity`, which would keep locks on shared catalogs until the end of the transaction.
 */
const stateQuery = (pid: number) => `SELECT state, wait_event FROM pg_catalog.pg_stat_get_activity(${pid}) AS a`

/** Asks in the transaction that holds the snapshot; a failed query must not end it. */
async function turnOf(client: PgClient, pid: number): Promise<Turn> {
  try {
    const results: unknown = await client.query(
      `SAVEPOINT ${SAVEPOINT}; SELECT pg_catalog.pg_stat_clear_snapshot(); ${stateQuery(pid)}; RELEASE SAVEPOINT ${SAVEPOINT}`,
    )
    return turn((results as QueryResult[])[2]?.rows[0])
  } catch {
    await client.query(`ROLLBACK TO SAVEPOINT ${SAVEPOINT}; RELEASE SAVEPOINT ${SAVEPOINT}`).catch(() => {})
    return 'unknown'
  }
}

/**
 * Asks on a new connection. A pooler, or a name with several addresses, may lead to another server with another backend
 * of the same number.
 */
async function freshTurnOf(client: PgClient, pid: number, instance: string): Promise<Turn> {
  const results: unknown = await client.query(
    `SELECT pg_catalog.pg_postmaster_start_time()::text AS instance; ${stateQuery(pid)}`,
  )
  const [here, state] = results as [QueryResult, QueryResult]
  return here.rows[0].instance === instance ? turn(state.rows[0]) : 'unknown'
}

/**
 * See https://www.postgresql.org/docs/18/monitoring-stats.html#WAIT-EVENT-CLIENT-TABLE; a backend that has ended sends
 * nothing more.
 */
function turn(row: { readonly state: string | null; readonly wait_event: string | null } | undefined): Turn {
  if (row === undefined || row.state?.startsWith('idle')) return 'ours'
  return row.wait_event === 'ClientRead' || row.wait_event === 'ClientWrite' ? 'ours' : 'theirs'
}

/** The error for a server that does not answer. */
export function noAnswer(server: string, timeoutMs: number): DwhError {
  return new DwhError('SOURCE_FAILED', `${server}: no answer for ${timeoutMs / 1000} s`, {
    hint: 'The server hangs, or the network connection is down. Run again when it is back.',
  })
}

/** The error for a lost connection; `retryable` if the snapshot still exists. */
export function lostAnswer(where: string, retryable: boolean): DwhError {
  return new DwhError('SOURCE_FAILED', `${where}: connection lost: the server sent data that never arrived`, {
    hint: 'Run again. If it happens often, look for a firewall, proxy or NAT in between that drops idle connections.',
    context: { retryable },
  })
}
