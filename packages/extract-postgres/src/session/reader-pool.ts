import { DwhError, throwIfAborted } from '@dwh/core'
import type pg from 'pg'
import { explainFailure, sourceFailure } from './postgres-errors.ts'
import { noBegin, shortageOf } from './shortage.ts'
import { noAnswer, type Waiting } from './watch-silence.ts'
import { within } from './within.ts'

/** A connection inside the snapshot, for one table. */
export interface Reader {
  readonly client: pg.Client
  /** Of its backend. Null for the connection that holds the snapshot, which nobody else can watch. */
  readonly pid: number | null
  /** Kept by whoever uses the reader. */
  readonly waiting: Waiting
  /** Ends the connection at once, whatever it does. */
  destroy(): void
  /** True for the connection that holds the snapshot, which would go with it. */
  readonly last: boolean
  /** Gives the table's locks back, and the connection for the next table; after `destroy` it does nothing. */
  giveBack(complete: boolean): Promise<void>
}

export interface ReaderPool {
  /** A reader of its own, or the next that is given back where no more can be had. */
  take(signal: AbortSignal | undefined): Promise<Reader>
  /** True while one of the readers that are wanted is in nobody's hands, nor waited for. */
  free(): boolean
  /** Such a reader; null when there is none now. Whoever has it looks at `contended` now and then. */
  takeIfFree(signal: AbortSignal | undefined): Promise<Reader | null>
  /** True while somebody waits for a reader. */
  contended(): boolean
  /** The connection that holds the snapshot, while no table is read on it. */
  spare(): pg.Client | null
  /** Ends every connection but the holder's; whoever waits for a reader fails. */
  close(): void
}

export interface ReaderPoolOptions {
  /** The session that holds the snapshot; the last resort for reading too. */
  readonly holder: pg.Client
  readonly server: string
  /** How many readers are wanted at once; `take` may go above. */
  readonly wanted: number
  /** Opens a connection; the pool ends it. */
  open(signal: AbortSignal | undefined): Promise<pg.Client>
  /** Begins a transaction at the snapshot, and says which backend that is. */
  join(client: pg.Client): Promise<number>
  /** After which a `join` counts as refused: a pooler without a free server says nothing for minutes. */
  readonly joinTimeoutMs: number
  /** After which the server counts as gone when it does not end a transaction. */
  readonly heartbeatMs: number
  readonly onNote: (note: string) => void
}

const SAVEPOINT = 'dwh_table'

/**
 * As many readers as are asked for, while the server gives connections. Refused one, it makes do with those it has. With none at all, or when a
 * pooler leads to servers that do not know the snapshot, tables are read one after another on the holder's own connection, each behind a savepoint.
 */
export function readerPool(options: ReaderPoolOptions): ReaderPool {
  const { holder, server, open, join, onNote } = options
  const idle: pg.Client[] = []
  const clients = new Set<pg.Client>()
  const waiting = new Set<() => void>()
  /** Readers that are open or being opened. */
  let count = 0
  /** Of those, in the hands of whoever took them for being free. */
  let lent = 0
  let joining = 0
  let limit = Number.POSITIVE_INFINITY
  let noted = options.wanted
  let reason = ''
  let holderBusy = false
  let closed = false
  /** What the server said when it ended the holder's session, which nobody was listening to. */
  let lastWords: unknown
  holder.once('error', (error) => {
    lastWords = error
  })

  function soon<T>(answer: Promise<T>): Promise<T> {
    return within(answer, options.heartbeatMs, (ms) => noAnswer(server, ms))
  }

  async function take(signal: AbortSignal | undefined): Promise<Reader> {
    for (;;) {
      throwIfAborted(signal, 'source')
      if (closed) throw new DwhError('SOURCE_FAILED', `${server}: the snapshot is closed`)
      if (limit === 0 && !holderBusy) return takeHolder()
      // one that is lent comes back soon
      const open = count < limit && (lent === 0 || count < options.wanted)
      if (limit > 0 && (idle.length > 0 || open)) {
        const reader = await tryReader(signal)
        if (reader !== null) return reader
      } else {
        await untilFreed(signal)
      }
    }
  }

  function free(): boolean {
    return !closed && waiting.size === 0 && limit > 0 && (idle.length > 0 || count < Math.min(limit, options.wanted))
  }

  async function takeIfFree(signal: AbortSignal | undefined): Promise<Reader | null> {
    if (!free()) return null
    lent += 1
    const returned = () => {
      lent -= 1
      wake()
    }
    try {
      const reader = await tryReader(signal)
      if (reader !== null) return { ...reader, giveBack: (complete) => reader.giveBack(complete).finally(returned) }
    } catch (error) {
      returned()
      throw error
    }
    returned()
    return null
  }

  /** Null when there are fewer than there seemed to be: look again. */
  async function tryReader(signal: AbortSignal | undefined): Promise<Reader | null> {
    let client = idle.pop()
    if (client === undefined) count += 1
    joining += 1
    const stop = () => drop(client)
    try {
      client ??= await open(signal)
      clients.add(client)
      signal?.addEventListener('abort', stop)
      if (closed) throw new DwhError('SOURCE_FAILED', `${server}: the snapshot is closed`)
      return readerOf(client, await within(join(client), options.joinTimeoutMs, noBegin))
    } catch (error) {
      drop(client)
      throwIfAborted(signal, 'source')
      await makeDo(error)
      return null
    } finally {
      signal?.removeEventListener('abort', stop)
      joining -= 1
      note()
      wake()
    }
  }

  /** Lowers the limit when `error` says that there are too few connections; throws it when it says anything else. */
  async function makeDo(error: unknown): Promise<void> {
    const shortage = shortageOf(error)
    if (shortage === null) throw error
    if (shortage === 'elsewhere' && limit > 0) await checkHolder(error)
    limit = Math.min(limit, shortage === 'elsewhere' ? 0 : count)
    if (limit === 0) for (const client of idle.splice(0)) drop(client)
    reason =
      shortage === 'elsewhere'
        ? 'connections lead to different servers, as through a balancer'
        : `no more connections can be had (${sourceFailure(error, { server }).message})`
  }

  /** A snapshot that is not found may have gone with the session that held it. */
  async function checkHolder(error: unknown): Promise<void> {
    try {
      await within(holder.query('SELECT 1'), options.joinTimeoutMs, noBegin)
    } catch {
      const { text, hint } = explainFailure(lastWords ?? error)
      throw new DwhError('SOURCE_FAILED', `${server}: the session that held the snapshot has ended: ${text}`, {
        cause: lastWords ?? error,
        hint: `All tables are read at its snapshot. ${hint ?? 'Run again.'}`,
      })
    }
  }

  function readerOf(client: pg.Client, pid: number): Reader {
    return {
      client,
      pid,
      waiting: { now: false },
      destroy: () => drop(client),
      last: false,
      async giveBack(complete) {
        const ended = clients.has(client) && (await succeeds(soon(client.query(complete ? 'COMMIT' : 'ROLLBACK'))))
        if (ended && !closed && limit > 0) idle.push(client)
        else drop(client)
        wake()
      },
    }
  }

  async function takeHolder(): Promise<Reader> {
    holderBusy = true
    try {
      await soon(holder.query(`SAVEPOINT ${SAVEPOINT}`))
    } catch (error) {
      holderBusy = false
      wake()
      throw sourceFailure(error, { server })
    }
    return {
      client: holder,
      pid: null,
      waiting: { now: false },
      // with it goes the snapshot: there is no other way to stop a query that is under way on the only connection
      destroy: () => holder.connection.stream.destroy(),
      last: true,
      async giveBack() {
        // ends the table's lock, and an error that the transaction is in
        await succeeds(soon(holder.query(`ROLLBACK TO SAVEPOINT ${SAVEPOINT}; RELEASE SAVEPOINT ${SAVEPOINT}`)))
        holderBusy = false
        wake()
      },
    }
  }

  /** Says it once all readers that are being opened have been, or not: they may be refused one by one. */
  function note(): void {
    if (joining > 0 || limit >= noted) return
    noted = limit
    const instead =
      limit === 0
        ? 'one after another, on the connection that holds the snapshot'
        : `on ${limit} ${limit === 1 ? 'connection' : 'connections'} beside the one that holds the snapshot`
    onNote(
      `${reason}: the tables are read ${instead}, not ${options.wanted} at once; that takes longer, the rows are the same`,
    )
  }

  function drop(client: pg.Client | undefined): void {
    // never opened, or still ours: counted either way, but only once
    if (client === undefined || clients.delete(client)) count -= 1
    client?.connection.stream.destroy()
  }

  function wake(): void {
    for (const resolve of waiting) resolve()
    waiting.clear()
  }

  async function untilFreed(signal: AbortSignal | undefined): Promise<void> {
    let resolve = () => {}
    const freed = new Promise<void>((done) => {
      resolve = done
    })
    waiting.add(resolve)
    signal?.addEventListener('abort', resolve)
    await freed
    signal?.removeEventListener('abort', resolve)
    waiting.delete(resolve)
  }

  return {
    take,
    free,
    takeIfFree,
    contended: () => waiting.size > 0,
    spare: () => (holderBusy || closed ? null : holder),
    close() {
      closed = true
      for (const client of clients) drop(client)
      wake()
    },
  }
}

function succeeds(answer: Promise<unknown>): Promise<boolean> {
  return answer.then(
    () => true,
    () => false,
  )
}
