import type { Socket } from 'node:net'
import { DwhError } from '@dwh/core'
import type pg from 'pg'
import type { QueryResult } from 'pg'
import type { PgClient } from './pg-client.ts'
import { sourceFailure } from './postgres-errors.ts'
import { hangUp, within } from './within.ts'

/** How long the server may take to answer what needs no work: whether it is there. */
export const DEFAULT_HEARTBEAT_MS = 30_000

/** Set while an answer of the server is awaited, for others to see. */
export interface Waiting {
  now: boolean
}

/** One connection on which the server may be working, for however long. */
export interface Watched {
  /** Of its backend. */
  readonly pid: number
  readonly client: pg.Client
  readonly waiting: Waiting
  /** Told, once, when what the server has said will not come. */
  lost(): void
}

export interface WatchSilenceOptions {
  readonly server: string
  /** Of the running server, as `Backend` has it. */
  readonly instance: string
  /** A session in a transaction with nothing to do; null while there is none. */
  readonly spare: () => PgClient | null
  /** Opens a connection to ask on, where there is no spare one; it is ended here. */
  readonly another: () => Promise<pg.Client>
  readonly heartbeatMs: number
  /** Told, once, when the server gives no answer at all. */
  readonly onDead: (error: DwhError) => void
}

export interface SilenceWatch {
  /** Returns how to stop. */
  watch(watched: Watched): () => void
}

/** What the server says of a backend: `ours` is the next word. */
type Turn = 'theirs' | 'ours' | 'unknown'

/**
 * Tells a query that takes long from a connection that is dead. Neither can be told by silence: a sort may take an hour before its first row, and a firewall that has forgotten a connection says
 * nothing either. So after half a heartbeat without a byte the server is asked, on another connection, what it does. Working: it may. Waiting for us, twice, while we wait for it: what it said is lost,
 * and so is this connection. No answer to that question either: the server is not there any more.
 */
export function watchSilence({ server, instance, ...options }: WatchSilenceOptions): SilenceWatch {
  const { spare, another, heartbeatMs, onDead } = options

  async function ask(pid: number): Promise<Turn> {
    const client = spare()
    if (client !== null) return within(turnOf(client, pid), heartbeatMs, () => noAnswer(server, heartbeatMs))
    const found = await another().catch((error) => {
      const failure = sourceFailure(error, { server })
      // full, or shutting down: that is an answer, too
      if (failure.code === 'SOURCE_UNREACHABLE' && failure.context.sqlstate === undefined) throw failure
      return null
    })
    if (found === null) return 'unknown'
    try {
      // a pooler may have no server for it
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

/** Of TLS and of plain sockets. */
function readFrom(client: pg.Client): number {
  return (client.connection.stream as Socket).bytesRead
}

const SAVEPOINT = 'dwh_silence'

/** Functions instead of `pg_stat_activity`, which would leave locks on shared catalogs until the end of the transaction. */
const stateQuery = (pid: number) => `SELECT state, wait_event FROM pg_catalog.pg_stat_get_activity(${pid}) AS a`

/** In the transaction that holds the snapshot, which a question that fails must not end. */
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

/** A pooler, or a name with several addresses, may lead to a server that has another backend of that number. */
async function freshTurnOf(client: PgClient, pid: number, instance: string): Promise<Turn> {
  const results: unknown = await client.query(
    `SELECT pg_catalog.pg_postmaster_start_time()::text AS instance; ${stateQuery(pid)}`,
  )
  const [here, state] = results as [QueryResult, QueryResult]
  return here.rows[0].instance === instance ? turn(state.rows[0]) : 'unknown'
}

/** https://www.postgresql.org/docs/18/monitoring-stats.html#WAIT-EVENT-CLIENT-TABLE; a backend that is gone has nothing more to say. */
function turn(row: { readonly state: string | null; readonly wait_event: string | null } | undefined): Turn {
  if (row === undefined || row.state?.startsWith('idle')) return 'ours'
  return row.wait_event === 'ClientRead' || row.wait_event === 'ClientWrite' ? 'ours' : 'theirs'
}

/** Of the server as a whole. */
export function noAnswer(server: string, timeoutMs: number): DwhError {
  return new DwhError('SOURCE_FAILED', `${server}: no answer for ${timeoutMs / 1000} s`, {
    hint: 'The server hangs, or the network in between is gone. Run again when it is back.',
  })
}

/** Of one connection; `retryable` where the snapshot is still there to read at. */
export function lostAnswer(where: string, retryable: boolean): DwhError {
  return new DwhError(
    'SOURCE_FAILED',
    `${where}: the connection is dead: the server waits for us, and nothing of what it said has come`,
    {
      hint: 'Run again. If it happens often, look for a firewall, proxy or NAT in between that forgets connections.',
      context: { retryable },
    },
  )
}
