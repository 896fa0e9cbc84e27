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
export class ReaderPool {
  readonly #options: ReaderPoolOptions
  readonly #idle: pg.Client[] = []
  readonly #clients = new Set<pg.Client>()
  readonly #waiting = new Set<() => void>()
  /** Readers that are open or being opened. */
  #count = 0
  /** Of those, in the hands of whoever took them for being free. */
  #lent = 0
  #joining = 0
  #limit: number = Number.POSITIVE_INFINITY
  #noted: number
  #reason = ''
  #holderBusy = false
  #closed = false
  /** What the server said when it ended the holder's session, which nobody was listening to. */
  #lastWords: unknown

  constructor(options: ReaderPoolOptions) {
    this.#options = options
    this.#noted = options.wanted
    options.holder.once('error', (error) => {
      this.#lastWords = error
    })
  }

  /** A reader of its own, or the next that is given back where no more can be had. */
  async take(signal: AbortSignal | undefined): Promise<Reader> {
    for (;;) {
      throwIfAborted(signal, 'source')
      this.#throwIfClosed()
      if (this.#limit === 0 && !this.#holderBusy) return this.#takeHolder()
      // one that is lent comes back soon
      const open = this.#count < this.#limit && (this.#lent === 0 || this.#count < this.#options.wanted)
      if (this.#limit > 0 && (this.#idle.length > 0 || open)) {
        const reader = await this.#tryReader(signal)
        if (reader !== null) return reader
      } else {
        await this.#untilFreed(signal)
      }
    }
  }

  /** True while one of the readers that are wanted is in nobody's hands, nor waited for. */
  free(): boolean {
    if (this.#closed || this.#waiting.size > 0 || this.#limit === 0) return false
    return this.#idle.length > 0 || this.#count < Math.min(this.#limit, this.#options.wanted)
  }

  /** Such a reader; null when there is none now. Whoever has it looks at `contended` now and then. */
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

  /** True while somebody waits for a reader. */
  contended(): boolean {
    return this.#waiting.size > 0
  }

  /** The connection that holds the snapshot, while no table is read on it. */
  spare(): pg.Client | null {
    return this.#holderBusy || this.#closed ? null : this.#options.holder
  }

  /** Ends every connection but the holder's; whoever waits for a reader fails. */
  close(): void {
    this.#closed = true
    for (const client of this.#clients) this.#drop(client)
    this.#wake()
  }

  /** Null when there are fewer than there seemed to be: look again. */
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

  /** Lowers the limit when `error` says that there are too few connections; throws it when it says anything else. */
  async #makeDo(error: unknown): Promise<void> {
    const { server } = this.#options
    const shortage = shortageOf(error)
    if (shortage === null) throw error
    if (shortage === 'elsewhere' && this.#limit > 0) await this.#checkHolder(error)
    this.#limit = Math.min(this.#limit, shortage === 'elsewhere' ? 0 : this.#count)
    if (this.#limit === 0) for (const client of this.#idle.splice(0)) this.#drop(client)
    this.#reason =
      shortage === 'elsewhere'
        ? 'connections lead to different servers, as through a balancer'
        : `no more connections can be had (${sourceFailure(error, { server }).message})`
  }

  /** A snapshot that is not found may have gone with the session that held it. */
  async #checkHolder(error: unknown): Promise<void> {
    const { holder, server, joinTimeoutMs } = this.#options
    try {
      await within(holder.query('SELECT 1'), joinTimeoutMs, noBegin)
    } catch {
      const cause = this.#lastWords ?? error
      const { text, hint } = explainFailure(cause)
      throw new DwhError('SOURCE_FAILED', `${server}: the session that held the snapshot has ended: ${text}`, {
        cause,
        hint: `All tables are read at its snapshot. ${hint ?? 'Run again.'}`,
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
      throw sourceFailure(error, { server })
    }
    return {
      client: holder,
      pid: null,
      waiting: { now: false },
      // with it goes the snapshot: there is no other way to stop a query that is under way on the only connection
      destroy: () => holder.connection.stream.destroy(),
      last: true,
      giveBack: async () => {
        // ends the table's lock, and an error that the transaction is in
        await succeeds(this.#soon(holder.query(`ROLLBACK TO SAVEPOINT ${SAVEPOINT}; RELEASE SAVEPOINT ${SAVEPOINT}`)))
        this.#freeHolder()
      },
    }
  }

  #freeHolder(): void {
    this.#holderBusy = false
    this.#wake()
  }

  /** Says it once all readers that are being opened have been, or not: they may be refused one by one. */
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
      `${this.#reason}: the tables are read ${instead}, not ${wanted} at once; that takes longer, the rows are the same`,
    )
  }

  #drop(client: pg.Client | undefined): void {
    // never opened, or still ours: counted either way, but only once
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
