import {
  type DwhError,
  formatTableName,
  type ReadTableOptions,
  type SnapshotInfo,
  type TableSchema,
  throwIfAborted,
} from '@dwh/core'
import { listTables, type PgTable } from './catalog/list-tables.ts'
import type { PostgresSourceOptions } from './postgres-source-options.ts'
import { explainRead } from './read/explain-read.ts'
import { lockTable } from './read/lock-table.ts'
import type { OnTable } from './read/on-table.ts'
import { selectColumns } from './read/select-columns.ts'
import type { PostgresConnection } from './session/connect.ts'
import { lastWords } from './session/last-words.ts'
import { once } from './session/once.ts'
import type { PgClient } from './session/pg-client.ts'
import { sourceFailure } from './session/postgres-errors.ts'
import { type Reader, ReaderPool } from './session/reader-pool.ts'
import { type Backend, type BeginSnapshotOptions, beginSnapshot, noticeMs } from './session/session.ts'
import { otherServer } from './session/shortage.ts'
import { limitSnapshotAge, type SnapshotAge } from './session/snapshot-age.ts'
import { type BlockedWatch, inTheWay, madeWay, type Waiter, watchBlocked } from './session/watch-blocked.ts'
import { lostAnswer, noAnswer, type SilenceWatch, watchSilence } from './session/watch-silence.ts'

export const DEFAULT_PARALLEL = 2

export interface OpenedSnapshot {
  /** The connection that exported the snapshot and holds it. */
  readonly connection: PostgresConnection
  readonly backend: Backend & { readonly info: SnapshotInfo & { readonly id: string } }
  readonly options: PostgresSourceOptions & BeginSnapshotOptions & { readonly heartbeatMs: number }
  readonly signal: AbortSignal | undefined
}

/** How to read a table on one reader. */
interface OnReader {
  /** Takes a reader; null if none is free, and the table is then not read. Default: waits for one. */
  readonly take?: (signal: AbortSignal | undefined) => Promise<Reader | null>
  /** Default `lockTable`. */
  readonly lock?: (client: PgClient, table: PgTable) => Promise<void>
}

/** An open snapshot: its tables, the readers that join it, and the watchers of all of them. */
export class SnapshotReader {
  readonly pool: ReaderPool
  readonly #opened: OpenedSnapshot
  readonly #age: SnapshotAge
  readonly #dead = new AbortController()
  readonly #blocked: BlockedWatch
  readonly #silence: SilenceWatch
  /** Tables whose read blocked a statement. */
  readonly #blocking = new Set<string>()
  #listed: Promise<Map<string, PgTable>> | undefined
  #listing = false

  constructor(opened: OpenedSnapshot) {
    this.#opened = opened
    const { connection, backend, options } = opened
    const { server, another } = connection
    const { heartbeatMs } = options
    this.pool = this.#openPool()
    this.#age = limitSnapshotAge(options.maxSnapshotAgeMs)
    this.#age.signal.addEventListener('abort', this.end)
    const spare = () => (this.#listing ? null : this.pool.spare())
    const onDead = (error: DwhError) => this.#dead.abort(error)
    const onSilence = () => onDead(noAnswer(server, heartbeatMs))
    this.#blocked = watchBlocked({ spare, everyMs: noticeMs(options.lockTimeoutMs), heartbeatMs, onSilence })
    this.#silence = watchSilence({ server, instance: backend.instance, spare, another, heartbeatMs, onDead })
    this.#dead.signal.addEventListener('abort', this.end)
  }

  /** Ends the snapshot and every reader without waiting for the server, which rolls back. */
  readonly end = (): void => {
    this.#age.stop()
    this.pool.close()
    this.#opened.connection.client.connection.stream.destroy()
  }

  /** All tables by name; read once. */
  list(): Promise<Map<string, PgTable>> {
    this.#listed ??= this.onHolder(async (holder) => {
      const tables = await listTables(holder)
      return new Map(tables.map((table) => [formatTableName(table), table]))
    })
    return this.#listed
  }

  async tableOf(wanted: TableSchema): Promise<PgTable> {
    return selectColumns((await this.list()).get(formatTableName(wanted)), wanted)
  }

  /** Queries the catalog on the connection that holds the snapshot. */
  async onHolder<T>(ask: (holder: PgClient) => Promise<T>): Promise<T> {
    const { connection, backend, signal } = this.#opened
    const { client, server } = connection
    const lost = () => this.#dead.abort(lostAnswer(server, false))
    this.#listing = true
    const unwatch = this.#silence.watch({ pid: backend.pid, client, waiting: { now: true }, lost })
    signal?.addEventListener('abort', this.end)
    try {
      return await ask(client)
    } finally {
      signal?.removeEventListener('abort', this.end)
      unwatch()
      this.#listing = false
    }
  }

  /** Waits for an answer of the catalog. A failure is reported as the failure of the snapshot, if it has one. */
  async fromCatalog<T>(asked: Promise<T>): Promise<T> {
    const { client, server } = this.#opened.connection
    try {
      return await asked
    } catch (error) {
      throwIfAborted(this.#opened.signal, 'source')
      this.#age.check(server)
      this.#dead.signal.throwIfAborted()
      throw sourceFailure(lastWords(client) ?? error, { server })
    }
  }

  /** As `onOneReader`; a failure is explained. */
  async *onReader<T>(wanted: TableSchema, read: ReadTableOptions, work: OnTable<T>): AsyncGenerator<T> {
    try {
      yield* this.onOneReader(wanted, read, work)
    } catch (error) {
      const table = await this.tableOf(wanted)
      throw await explainRead(error, table, read.where, async (look, tooLate) => {
        const inTime = { signal: AbortSignal.any([read.signal, tooLate].filter((s) => s !== undefined)) }
        const looking = this.onOneReader(wanted, inTime, ({ client }) => once(look(client)), { lock: noLock })
        for await (const found of looking) return found
        throw error
      })
    }
  }

  /**
   * Reads one table on a connection of its own, for as long as `work` yields; yields nothing if `take` returns null.
   */
  async *onOneReader<T>(
    wanted: TableSchema,
    read: ReadTableOptions,
    work: OnTable<T>,
    { take = (signal) => this.pool.take(signal), lock = lockTable }: OnReader = {},
  ): AsyncGenerator<T> {
    const table = await this.tableOf(wanted)
    const yielded = new AbortController()
    const asked = AbortSignal.any([this.#opened.signal, read.signal].filter((s) => s !== undefined))
    const ended = AbortSignal.any([asked, this.#age.signal, this.#dead.signal, yielded.signal])
    const throwIfEnded = () => this.#throwIfEnded(formatTableName(table), asked, yielded.signal)
    const unwatch: (() => void)[] = []
    let reader: Reader | null = null
    // a read that waits for the server ends as soon as its socket is closed
    const stop = () => reader?.destroy()
    ended.addEventListener('abort', stop)
    let complete = false
    try {
      reader = await take(ended)
      if (reader === null) return
      throwIfEnded()
      unwatch.push(this.#watchSilence(reader, table, yielded))
      reader.waiting.now = true
      await lock(reader.client, table)
      if (reader.pid !== null) unwatch.push(this.#watchBlocked(reader.pid, table, yielded))
      yield* work(reader, table, ended)
      complete = true
    } catch (error) {
      throwIfEnded()
      throw sourceFailure(error, { table })
    } finally {
      for (const stopWatching of unwatch) stopWatching()
      ended.removeEventListener('abort', stop)
      // also after an early exit: ends the transaction, which releases the lock on the table
      await reader?.giveBack(complete)
    }
  }

  /** Throws if the snapshot has ended, or if `signal` has fired: no table can be read any more. */
  throwIfOver(signal: AbortSignal | undefined): void {
    const { connection, signal: opened } = this.#opened
    const asked = AbortSignal.any([opened, signal].filter((s) => s !== undefined))
    this.#throwIfEnded(connection.server, asked, this.#dead.signal)
  }

  #openPool(): ReaderPool {
    const { connection, backend, options } = this.#opened
    return new ReaderPool({
      holder: connection.client,
      server: connection.server,
      wanted: options.parallel ?? DEFAULT_PARALLEL,
      joinTimeoutMs: connection.connectTimeoutMs,
      heartbeatMs: options.heartbeatMs,
      open: connection.another,
      async join(client) {
        const joined = await beginSnapshot(client, { ...options, snapshotId: backend.info.id })
        if (joined.instance !== backend.instance) throw otherServer()
        return joined.pid
      },
      onNote: options.onNote ?? (() => {}),
    })
  }

  #throwIfEnded(name: string, asked: AbortSignal, yielded: AbortSignal): void {
    throwIfAborted(asked, name)
    this.#age.check(name)
    this.#dead.signal.throwIfAborted()
    yielded.throwIfAborted()
  }

  #watchSilence({ client, pid, waiting, last }: Reader, table: PgTable, yielded: AbortController): () => void {
    const lost = () => yielded.abort(lostAnswer(formatTableName(table), !last))
    return this.#silence.watch({ pid: pid ?? this.#opened.backend.pid, client, waiting, lost })
  }

  #watchBlocked(pid: number, table: PgTable, yielded: AbortController): () => void {
    const { onBlockedDdl, onNote } = this.#opened.options
    const name = formatTableName(table)
    return this.#blocked.watch(pid, (waiter: Waiter) => {
      if (onBlockedDdl !== 'wait') yielded.abort(madeWay(name, waiter))
      // once per table, however often it is read
      else if (!this.#blocking.has(name)) onNote?.(inTheWay(name, waiter))
      this.#blocking.add(name)
    })
  }
}

/** For a table whose lock failed or was released. */
async function noLock(): Promise<void> {}
