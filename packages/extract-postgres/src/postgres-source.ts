import {
  type CopyData,
  type DwhError,
  formatTableName,
  type ReadTableOptions,
  type SnapshotInfo,
  type Source,
  type SourceSnapshot,
  type TableSchema,
  type TableSurvey,
  throwIfAborted,
} from '@dwh/core'
import { listTables, type PgTable } from './catalog/list-tables.ts'
import { listTypeNames } from './catalog/type-names.ts'
import type { PostgresSourceOptions } from './postgres-source-options.ts'
import { surveyTable } from './profile/survey-table.ts'
import { blockRanges } from './read/block-ranges.ts'
import { copyRanges } from './read/copy-ranges.ts'
import { explainRead } from './read/explain-read.ts'
import { lockTable } from './read/lock-table.ts'
import { NATIVE_EXTENSION } from './read/native-query.ts'
import type { OnTable } from './read/on-table.ts'
import { readNative } from './read/read-native.ts'
import { readRows } from './read/read-rows.ts'
import { selectColumns } from './read/select-columns.ts'
import { tryTables } from './read/try-tables.ts'
import { connect, type PostgresConnection } from './session/connect.ts'
import { APPLICATION_NAME } from './session/open-client.ts'
import type { PgClient } from './session/pg-client.ts'
import { sourceFailure } from './session/postgres-errors.ts'
import { type Reader, readerPool } from './session/reader-pool.ts'
import {
  type Backend,
  type BeginSnapshotOptions,
  beginSnapshot,
  DEFAULT_LOCK_TIMEOUT_MS,
  exportSnapshot,
  noticeMs,
  sessionOptions,
} from './session/session.ts'
import { otherServer } from './session/shortage.ts'
import { limitSnapshotAge } from './session/snapshot-age.ts'
import { inTheWay, madeWay, type Waiter, watchBlocked } from './session/watch-blocked.ts'
import { DEFAULT_HEARTBEAT_MS, lostAnswer, noAnswer, watchSilence } from './session/watch-silence.ts'
import { hangUp, within } from './session/within.ts'

const DEFAULT_PARALLEL = 2

/**
 * A Postgres database as a `Source`. One connection exports a snapshot and holds it; every table is read on another that has imported it, so all
 * tables are as they were at one instant, however long the reading takes. Where the server gives fewer connections, or a pooler leads elsewhere, tables wait
 * for one another, at last on the one connection there is; `onNote` is told.
 *
 * @example
 * const snapshot = await postgresSource({ connection: 'postgres://reader@localhost/app' }).open()
 * try {
 *   const [table] = await snapshot.tables()
 *   for await (const batch of snapshot.read(table).rows) console.log(batch.length)
 * } finally {
 *   await snapshot.close()
 * }
 */
export function postgresSource(options: PostgresSourceOptions = {}): Source {
  return {
    async open(signal) {
      throwIfAborted(signal, 'source')
      const connection = await connect(options, signal)
      const { client: holder, server, resolved } = connection
      const { heartbeatMs = DEFAULT_HEARTBEAT_MS } = options
      const soon = <T>(answer: Promise<T>) => within(answer, heartbeatMs, (ms) => noAnswer(server, ms))
      const stop = () => holder.connection.stream.destroy()
      signal?.addEventListener('abort', stop)
      try {
        for (const note of resolved.notes) options.onNote?.(note)
        const session = { ...options, heartbeatMs, applicationName: resolved.applicationName ?? undefined }
        const backend = await soon(beginSnapshot(holder, session))
        const info = await soon(exportSnapshot(holder))
        return openSnapshot(connection, { info, ...backend }, session, signal)
      } catch (error) {
        hangUp(holder)
        throwIfAborted(signal, 'source')
        throw sourceFailure(error, { server })
      } finally {
        signal?.removeEventListener('abort', stop)
      }
    },
  }
}

async function* once<T>(answer: Promise<T>): AsyncGenerator<T> {
  yield await answer
}

/** For a table whose lock has failed, or is given back. */
async function noLock(): Promise<void> {}

function openSnapshot(
  connection: PostgresConnection,
  { info, instance, pid: holderPid, utf8 }: Backend & { readonly info: SnapshotInfo & { readonly id: string } },
  options: PostgresSourceOptions & BeginSnapshotOptions & { readonly heartbeatMs: number },
  signal: AbortSignal | undefined,
): SourceSnapshot {
  const { client: holder, server, connectTimeoutMs, another } = connection
  const { parallel = DEFAULT_PARALLEL, heartbeatMs } = options
  const pool = readerPool({
    holder,
    server,
    wanted: parallel,
    joinTimeoutMs: connectTimeoutMs,
    heartbeatMs,
    open: another,
    async join(client) {
      const backend = await beginSnapshot(client, { ...options, snapshotId: info.id })
      if (backend.instance !== instance) throw otherServer()
      return backend.pid
    },
    onNote: options.onNote ?? (() => {}),
  })
  const age = limitSnapshotAge(options.maxSnapshotAgeMs)
  age.signal.addEventListener('abort', end)
  const dead = new AbortController()
  const onDead = (error: DwhError) => dead.abort(error)
  const spare = () => (listing ? null : pool.spare())
  const everyMs = noticeMs(options.lockTimeoutMs)
  const onSilence = () => onDead(noAnswer(server, heartbeatMs))
  const blocked = watchBlocked({ spare, everyMs, heartbeatMs, onSilence })
  const silence = watchSilence({ server, instance, spare, another, heartbeatMs, onDead })
  dead.signal.addEventListener('abort', end)
  const blocking = new Set<string>()
  let listed: Promise<Map<string, PgTable>> | undefined
  let listing = false

  function end(): void {
    age.stop()
    pool.close()
    // without waiting for the server, which rolls back
    holder.connection.stream.destroy()
  }

  function list(): Promise<Map<string, PgTable>> {
    listed ??= onHolder(async () => new Map((await listTables(holder)).map((table) => [formatTableName(table), table])))
    return listed
  }

  async function tableOf(wanted: TableSchema): Promise<PgTable> {
    return selectColumns((await list()).get(formatTableName(wanted)), wanted)
  }

  /** Asks the catalog. */
  async function onHolder<T>(ask: () => Promise<T>): Promise<T> {
    const lost = () => onDead(lostAnswer(server, false))
    listing = true
    const unwatch = silence.watch({ pid: holderPid, client: holder, waiting: { now: true }, lost })
    signal?.addEventListener('abort', end)
    try {
      return await ask()
    } finally {
      signal?.removeEventListener('abort', end)
      unwatch()
      listing = false
    }
  }

  async function fromCatalog<T>(asked: Promise<T>): Promise<T> {
    try {
      return await asked
    } catch (error) {
      throwIfAborted(signal, 'source')
      age.check(server)
      dead.signal.throwIfAborted()
      throw sourceFailure(error, { server })
    }
  }

  /** As `onOneReader`; what fails is looked into. */
  async function* onReader<T>(wanted: TableSchema, read: ReadTableOptions, work: OnTable<T>): AsyncGenerator<T> {
    try {
      yield* onOneReader(wanted, read, work)
    } catch (error) {
      const table = await tableOf(wanted)
      throw await explainRead(error, table, read.where, async (look, tooLate) => {
        const inTime = { signal: AbortSignal.any([read.signal, tooLate].filter((s) => s !== undefined)) }
        const looking = onOneReader(wanted, inTime, ({ client }) => once(look(client)), pool.take, noLock)
        for await (const found of looking) return found
        throw error
      })
    }
  }

  /** Reads one table on a connection of its own, for as long as `work` yields; nothing of it where `take` gives none. */
  async function* onOneReader<T>(
    wanted: TableSchema,
    read: ReadTableOptions,
    work: OnTable<T>,
    take: (signal: AbortSignal | undefined) => Promise<Reader | null> = pool.take,
    lock: (client: PgClient, table: PgTable) => Promise<void> = lockTable,
  ): AsyncGenerator<T> {
    const table = await tableOf(wanted)
    const name = formatTableName(table)
    const yielded = new AbortController()
    const asked = AbortSignal.any([signal, read.signal].filter((s) => s !== undefined))
    const ended = AbortSignal.any([asked, age.signal, dead.signal, yielded.signal])
    function throwIfEnded(): void {
      throwIfAborted(asked, name)
      age.check(name)
      dead.signal.throwIfAborted()
      yielded.signal.throwIfAborted()
    }
    /** Once for each table, however often it is read. */
    function onBlocked(waiter: Waiter): void {
      if (options.onBlockedDdl !== 'wait') yielded.abort(madeWay(name, waiter))
      else if (!blocking.has(name)) options.onNote?.(inTheWay(name, waiter))
      blocking.add(name)
    }
    const unwatch: (() => void)[] = []
    let reader: Reader | null = null
    // a read that waits for the server ends at once when its socket does
    const stop = () => reader?.destroy()
    ended.addEventListener('abort', stop)
    let complete = false
    try {
      reader = await take(ended)
      if (reader === null) return
      throwIfEnded()
      const { client, waiting, last } = reader
      const lost = () => yielded.abort(lostAnswer(name, !last))
      unwatch.push(silence.watch({ pid: reader.pid ?? holderPid, client, waiting, lost }))
      waiting.now = true
      await lock(client, table)
      if (reader.pid !== null) unwatch.push(blocked.watch(reader.pid, onBlocked))
      yield* work(reader, table, ended)
      complete = true
    } catch (error) {
      throwIfEnded()
      throw sourceFailure(error, { table })
    } finally {
      for (const stopWatching of unwatch) stopWatching()
      ended.removeEventListener('abort', stop)
      // also after an early exit: ends the transaction, and with it the table's lock
      await reader?.giveBack(complete)
    }
  }

  return {
    info,
    parallel,
    tables: async () => [...(await fromCatalog(list())).values()],
    typeNames: () => fromCatalog(onHolder(() => listTypeNames(holder))),
    read: (wanted, read = {}) => ({
      rows: onReader(wanted, read, ({ client, waiting }, table) =>
        readRows(client, table, { ...options, where: read.where, waiting }),
      ),
      canonical: true,
    }),
    readCopy(wanted, read = {}) {
      let data: CopyData | undefined
      const copy = onReader(wanted, read, async function* (reader, table) {
        // a condition may have an index of its own, which every range would go through again
        const whole = read.where !== undefined || reader.last
        data = copyRanges(reader, table, {
          ranges: whole ? [read.where] : await blockRanges(reader.client, table),
          free: pool.free,
          contended: pool.contended,
          help(work, end) {
            const ended = read.signal ? AbortSignal.any([read.signal, end]) : end
            return onOneReader(wanted, { signal: ended }, work, pool.takeIfFree)
          },
        })
        yield* data.copy
      })
      return { copy, sent: () => data?.sent() ?? 0 }
    },
    async survey(wanted, wishes, read = {}) {
      const surveyed: OnTable<TableSurvey> = ({ client }, table) =>
        once(surveyTable(client, table, wishes, { where: read.where, utf8 }))
      let survey: TableSurvey | undefined
      for await (const found of onReader(wanted, read, surveyed)) survey = found
      return survey as TableSurvey
    },
    nativeExtension: NATIVE_EXTENSION,
    async readNative(wanted, survey, read = {}) {
      const table = await tableOf(wanted)
      const native = { another, survey, applicationName: options.applicationName ?? APPLICATION_NAME }
      const session = sessionOptions(options.lockTimeoutMs ?? DEFAULT_LOCK_TIMEOUT_MS)
      const conninfo = (name: string) => connection.conninfo(name, session)
      const join = { snapshotId: info.id, instance, where: read.where }
      return readNative(table, { ...native, conninfo, join, onReader: (work) => onReader(wanted, read, work) })
    },
    async tryTables(reads, limits, onTried) {
      await tryTables(reads, await fromCatalog(list()), { ...limits, take: pool.take, parallel, server }, onTried)
    },
    close: async () => end(),
  }
}
