import { DwhError, throwIfAborted } from '@dwh/core'
import type pg from 'pg'
import { lastWords } from './last-words.ts'
import { explainFailure, isSqlstate, sourceFailure } from './postgres-errors.ts'
import { noBegin, shortageOf } from './shortage.ts'
import { noAnswer, type Waiting } from './watch-silence.ts'
import { within } from './within.ts'

/** A connection inside the snapshot, for one table. */
export interface Reader {
  readonly client: pg.Client
  /**
   * Process id of its backend. Null for the connection that holds the snapshot, which no other connection can watch.
   */
  readonly pid: number | null
  /** Maintained by the user of the reader. */
  readonly waiting: Waiting
  /** Closes the connection immediately, whatever it is doing. */
  destroy(): void
  /** True for the connection that holds the snapshot; closing it ends the snapshot. */
  readonly last: boolean
  /** Releases the locks of the table, and the connection for the next table; does nothing after `destroy`. */
  giveBack(complete: boolean): Promise<void>
}

export interface ReaderPoolOptions {
  /** The session that holds the snapshot; also the last resort for reading. */
  readonly holder: pg.Client
  readonly server: string
  /** Wanted number of readers; `take` may exceed it. */
  readonly wanted: number
  /** Opens a connection; the pool ends it. */
  open(signal: AbortSignal | undefined): Promise<pg.Client>
  /** Begins a transaction at the snapshot, and returns the process id of the backend. */
  join(client: pg.Client): Promise<number>
  /** Timeout of a `join`: a pooler without a free server connection does not answer for minutes. */
  readonly joinTimeoutMs: number
  /** Timeout of the end of a transaction; after it the server counts as unreachable. */
  readonly heartbeatMs: number
  readonly onNote: (note: string) => void
}

const SAVEPOINT = 'dwh_table'

/**
 * Provides readers, as long as the server gives connections. If the server refuses one, the pool uses those that it
 * has. If it has none, or if a pooler routes to servers without the snapshot, tables are read one after another on the
 * holder's own connection, each behind a savepoint.
 */
export class ReaderPool {
  readonly #options: ReaderPoolOptions
  readonly #idle: pg.Client[] = []
  readonly #clients = new Set<pg.Client>()
  readonly #waiting = new Set<() => void>()
  /** Number of readers that are open or being opened. */
  #count = 0
  /** Number of those that `takeIfFree` has lent. */
  #lent = 0
  #joining = 0
  #limit: number = Number.POSITIVE_INFINITY
  #noted: number
  #reason = ''
  #holderBusy = false
  #closed = false

  constructor(options: ReaderPoolOptions) {
    this.#options = options
    this.#noted = options.wanted
  }

  /** Takes a new reader, or waits for the next free one if no more connections are available. */
  async take(signal: AbortSignal | undefined): Promise<Reader> {
    for (;;) {
      throwIfAborted(signal, 'source')
      this.#throwIfClosed()
      if (this.#limit === 0 && !this.#holderBusy) return this.#takeHolder()
      // a lent reader comes back soon
      const open = this.#count < this.#limit && (this.#lent === 0 || this.#count < this.#options.wanted)
      if (this.#limit > 0 && (this.#idle.length > 0 || open)) {
        const reader = await this.#tryReader(signal)
        if (reader !== null) return reader
      } else {
        await this.#untilFreed(signal)
      }
    }
  }

  /** True if one of the wanted readers is neither in use nor waited for. */
  free(): boolean {
    if (this.#closed || this.#waiting.size > 0 || this.#limit === 0) return false
    return this.#idle.length > 0 || this.#count < Math.min(this.#limit, this.#options.wanted)
  }

  /** Takes a free reader; null if none is free. The caller checks `contended` now and then. */
  async takeIfFree(signal: AbortSignal | undefined): Promise<Reader | null> {
    if (!this.free()) return null
    this.#lent += 1
    const returned = () => {
      this.#lent -= 1
      this.#wake()
    }
    try {
      const reader = await this.#tryReader(signal)
      if (reader !== null) return { ...reader, giveBack: (complete) => reader.giveBack(complete).finally(returned) }
    } catch (error) {
      returned()
      throw error
    }
    returned()
    return null
  }

  /** True while a caller waits for a reader. */
  contended(): boolean {
    return this.#waiting.size > 0
  }

  /** The connection that holds the snapshot; null while a table is read on it. */
  spare(): pg.Client | null {
    return this.#holderBusy || this.#closed ? null : this.#options.holder
  }

  /** Closes every connection except the holder's; callers that wait for a reader get an error. */
  close(): void {
    this.#closed = true
    for (const client of this.#clients) this.#drop(client)
    this.#wake()
  }

  /** Null if there are fewer connections than expected: try again. */
  async #tryReader(signal: AbortSignal | undefined): Promise<Reader | null> {
    const { open, join, joinTimeoutMs } = this.#options
    let client = this.#idle.pop()
    if (client === undefined) this.#count += 1
    this.#joining += 1
    const stop = () => this.#drop(client)
    try {
      client ??= await open(signal)
      this.#clients.add(client)
      signal?.addEventListener('abort', stop)
      this.#throwIfClosed()
      return this.#readerOf(client, await within(join(client), joinTimeoutMs, noBegin))
    } catch (error) {
      this.#drop(client)
      throwIfAborted(signal, 'source')
      await this.#makeDo(error)
      return null
    } finally {
      signal?.removeEventListener('abort', stop)
      this.#joining -= 1
      this.#note()
      this.#wake()
    }
  }

  /** Lowers the limit if `error` means that there are too few connections; throws it otherwise. */
  async #makeDo(error: unknown): Promise<void> {
    const { server } = this.#options
    const shortage = shortageOf(error)
    if (shortage === null) throw error
    if (shortage === 'elsewhere' && this.#limit > 0) await this.#checkHolder(error)
    this.#limit = Math.min(this.#limit, shortage === 'elsewhere' ? 0 : this.#count)
    if (this.#limit === 0) for (const client of this.#idle.splice(0)) this.#drop(client)
    this.#reason =
      shortage === 'elsewhere'
        ? 'connections lead to different servers, as with a load balancer'
        : `no more connections are available (${sourceFailure(error, { server }).message})`
  }

  /** A missing snapshot may mean that the session that held it has ended. */
  async #checkHolder(error: unknown): Promise<void> {
    const { holder, server, joinTimeoutMs } = this.#options
    try {
      await within(holder.query('SELECT 1'), joinTimeoutMs, noBegin)
    } catch (ended) {
      // the server may have said why before this query, or as its answer
      const cause =
        lastWords(holder) ?? [ended, error].find((one) => isSqlstate((one as { code?: string }).code)) ?? error
      const { text, hint } = explainFailure(cause)
      throw new DwhError('SOURCE_FAILED', `${server}: the session that held the snapshot has ended: ${text}`, {
        cause,
        hint: `All tables need its snapshot. ${hint ?? 'Run again.'}`,
      })
    }
  }

  #readerOf(client: pg.Client, pid: number): Reader {
    return {
      client,
      pid,
      waiting: { now: false },
      destroy: () => this.#drop(client),
      last: false,
      giveBack: async (complete) => {
        const end = () => this.#soon(client.query(complete ? 'COMMIT' : 'ROLLBACK'))
        const ended = this.#clients.has(client) && (await succeeds(end()))
        if (ended && !this.#closed && this.#limit > 0) this.#idle.push(client)
        else this.#drop(client)
        this.#wake()
      },
    }
  }

  async #takeHolder(): Promise<Reader> {
    const { holder, server } = this.#options
    this.#holderBusy = true
    try {
      await this.#soon(holder.query(`SAVEPOINT ${SAVEPOINT}`))
    } catch (error) {
      this.#freeHolder()
      throw sourceFailure(lastWords(holder) ?? error, { server })
    }
    return {
      client: holder,
      pid: null,
      waiting: { now: false },
      // this ends the snapshot too: a running query on the only connection cannot be stopped in another way
      destroy: () => holder.connection.stream.destroy(),
      last: true,
      giveBack: async () => {
        // releases the lock of the table, and clears an error of the transaction
        await succeeds(this.#soon(holder.query(`ROLLBACK TO SAVEPOINT ${SAVEPOINT}; RELEASE SAVEPOINT ${SAVEPOINT}`)))
        this.#freeHolder()
      },
    }
  }

  #freeHolder(): void {
    this.#holderBusy = false
    this.#wake()
  }

  /** Notes a lower limit after all pending readers have been opened or refused: they may be refused one by one. */
  #note(): void {
    const limit = this.#limit
    if (this.#joining > 0 || limit >= this.#noted) return
    this.#noted = limit
    const instead =
      limit === 0
        ? 'one after another, on the connection that holds the snapshot'
        : `on ${limit} ${limit === 1 ? 'connection' : 'connections'} beside the one that holds the snapshot`
    const { wanted, onNote } = this.#options
    onNote(
      `${this.#reason}: the tables are read ${instead}, not ${wanted} at once; this takes longer, the result is the same`,
    )
  }

  #drop(client: pg.Client | undefined): void {
    // never opened, or still in the pool: counted in both cases, but only once
    if (client === undefined || this.#clients.delete(client)) this.#count -= 1
    client?.connection.stream.destroy()
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve()
    this.#waiting.clear()
  }

  async #untilFreed(signal: AbortSignal | undefined): Promise<void> {
    let resolve = () => {}
    const freed = new Promise<void>((done) => {
      resolve = done
    })
    this.#waiting.add(resolve)
    signal?.addEventListener('abort', resolve)
    await freed
    signal?.removeEventListener('abort', resolve)
    this.#waiting.delete(resolve)
  }

  #soon<T>(answer: Promise<T>): Promise<T> {
    const { server, heartbeatMs } = this.#options
    return within(answer, heartbeatMs, (ms) => noAnswer(server, ms))
  }

  #throwIfClosed(): void {
    if (this.#closed) throw new DwhError('SOURCE_FAILED', `${this.#options.server}: the snapshot is closed`)
  }
}

function succeeds(answer: Promise<unknown>): Promise<boolean> {
  return answer.then(
    () => true,
    () => false,
  )
}
