import { randomBytes } from 'node:crypto'
import {
  type CopyData,
  DwhError,
  formatTableName,
  type NativeQuery,
  type ReadTableOptions,
  type SnapshotInfo,
  type Source,
  type SourceSnapshot,
  type TableSchema,
  type TableSurvey,
  throwIfAborted,
} from '@dwh/core'
import { blockRanges } from './block-ranges.ts'
import { connect, type PostgresConnection } from './connect.ts'
import { copyRanges } from './copy-ranges.ts'
import { endSessions } from './end-sessions.ts'
import { listTables, type PgTable } from './list-tables.ts'
import { lockTable } from './lock-table.ts'
import { MOST_RANGES, NATIVE_EXTENSION, nativeQuery, whyNotNative } from './native-query.ts'
import { APPLICATION_NAME } from './open-client.ts'
import { sourceFailure } from './postgres-errors.ts'
import type { PostgresSourceOptions } from './postgres-source-options.ts'
import { readRows } from './read-rows.ts'
import { type Reader, readerPool } from './reader-pool.ts'
import { selectColumns } from './select-columns.ts'
import {
  type Backend,
  type BeginSnapshotOptions,
  beginSnapshot,
  DEFAULT_LOCK_TIMEOUT_MS,
  exportSnapshot,
  noticeMs,
  sessionOptions,
} from './session.ts'
import { otherServer } from './shortage.ts'
import { limitSnapshotAge } from './snapshot-age.ts'
import { surveyTable } from './survey-table.ts'
import { tryTables } from './try-tables.ts'
import { listTypeNames } from './type-names.ts'
import { inTheWay, madeWay, type Waiter, watchBlocked } from './watch-blocked.ts'
import { DEFAULT_HEARTBEAT_MS, lostAnswer, noAnswer, watchSilence } from './watch-silence.ts'
import { hangUp, within } from './within.ts'

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

  /** Reads one table on a connection of its own, for as long as `work` yields; nothing of it where `take` gives none. */
  async function* onReader<T>(
    wanted: TableSchema,
    read: ReadTableOptions,
    work: (reader: Reader, table: PgTable, ended: AbortSignal) => AsyncIterable<T>,
    take: (signal: AbortSignal | undefined) => Promise<Reader | null> = pool.take,
  ): AsyncGenerator<T> {
    const table = selectColumns((await list()).get(formatTableName(wanted)), wanted)
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
      await lockTable(client, table)
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
            return onReader(wanted, { signal: ended }, work, pool.takeIfFree)
          },
        })
        yield* data.copy
      })
      return { copy, sent: () => data?.sent() ?? 0 }
    },
    async survey(wanted, wishes, read = {}) {
      async function* surveyed({ client }: Reader, table: PgTable): AsyncGenerator<TableSurvey> {
        yield await surveyTable(client, table, wishes, { where: read.where, utf8 })
      }
      let survey: TableSurvey | undefined
      for await (const found of onReader(wanted, read, surveyed)) survey = found
      return survey as TableSurvey
    },
    nativeExtension: NATIVE_EXTENSION,
    async readNative(wanted, survey, read = {}) {
      const table = selectColumns((await list()).get(formatTableName(wanted)), wanted)
      // a name of their own, by which DuckDB's sessions can be found and ended
      const name = `${(options.applicationName ?? APPLICATION_NAME).slice(0, 40)} ${randomBytes(6).toString('hex')}`
      const conninfo = connection.conninfo(name, sessionOptions(options.lockTimeoutMs ?? DEFAULT_LOCK_TIMEOUT_MS))
      if (conninfo === null) return 'its connection has settings that are not for others'
      const why = whyNotNative(table, survey)
      if (why !== null) return why
      const join = { conninfo, snapshotId: info.id, instance, where: read.where }
      async function* once<T>(
        work: (query: NativeQuery, ended: AbortSignal) => Promise<T>,
        { client, waiting }: Reader,
        locked: PgTable,
        ended: AbortSignal,
      ): AsyncGenerator<T> {
        const ranges = await blockRanges(client, locked, MOST_RANGES)
        // the connection only holds the lock from here on
        waiting.now = false
        const stop = () => void endSessions(another, name)
        ended.addEventListener('abort', stop)
        try {
          const done = await work(nativeQuery(locked, ranges, join), ended)
          // from then on the lock was not ours, and a query that began later may have read another table
          ended.throwIfAborted()
          yield done
        } finally {
          ended.removeEventListener('abort', stop)
        }
      }
      return {
        sent: () => survey.proof.rows,
        async native(work) {
          // by whose lock the table stays what it is
          const reading = onReader(wanted, read, (reader, locked, ended) => once(work, reader, locked, ended))
          for await (const done of reading) return done
          throw new DwhError('SOURCE_FAILED', `${formatTableName(wanted)}: not read`)
        },
      }
    },
    async tryTables(reads, limits, onTried) {
      await tryTables(reads, await fromCatalog(list()), { ...limits, take: pool.take, parallel, server }, onTried)
    },
    close: async () => end(),
  }
}
