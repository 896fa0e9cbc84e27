import {
  type BulkText,
  type ReadTableOptions,
  type Source,
  type SourceSnapshot,
  type TableProfile,
  type TableSchema,
  throwIfAborted,
} from '@dwh/core'
import { listTypeNames } from './catalog/type-names.ts'
import { detectTables } from './detect/detect-tables.ts'
import type { PostgresSourceOptions } from './postgres-source-options.ts'
import { profileTable } from './profile/profile-table.ts'
import { blockRanges } from './read/block-ranges.ts'
import { copyRanges } from './read/copy-ranges.ts'
import { NATIVE_EXTENSION } from './read/native-query.ts'
import type { OnTable } from './read/on-table.ts'
import { readNative } from './read/read-native.ts'
import { readRows } from './read/read-rows.ts'
import { tryTables } from './read/try-tables.ts'
import { connect } from './session/connect.ts'
import { once } from './session/once.ts'
import { APPLICATION_NAME } from './session/open-client.ts'
import { sourceFailure } from './session/postgres-errors.ts'
import { beginSnapshot, DEFAULT_LOCK_TIMEOUT_MS, exportSnapshot, sessionOptions } from './session/session.ts'
import { DEFAULT_HEARTBEAT_MS, noAnswer } from './session/watch-silence.ts'
import { hangUp, within } from './session/within.ts'
import { DEFAULT_PARALLEL, type OpenedSnapshot, SnapshotReader } from './snapshot-reader.ts'

/**
 * Creates a `Source` that reads a Postgres database. One connection exports a snapshot and holds it; every table is
 * read on another connection that imports it, so all tables are from the same instant, however long reading takes. If
 * the server gives fewer connections, or a pooler routes them elsewhere, tables wait for each other, in the worst case
 * on a single connection; `onNote` is called.
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
        return snapshotOf({ connection, backend: { info, ...backend }, options: session, signal })
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

/** The operations of a run on a snapshot; `reader` performs each. */
function snapshotOf(opened: OpenedSnapshot): SourceSnapshot {
  const { connection, backend, options } = opened
  const { parallel = DEFAULT_PARALLEL } = options
  const reader = new SnapshotReader(opened)
  return {
    info: backend.info,
    parallel,
    tables: async () => [...(await reader.fromCatalog(reader.list())).values()],
    typeNames: () => reader.fromCatalog(reader.onHolder(listTypeNames)),
    read: (wanted, read = {}) => ({
      rows: reader.onReader(wanted, read, ({ client, waiting }, table) =>
        readRows(client, table, { ...options, where: read.where, waiting }),
      ),
      trustedText: true,
    }),
    readBulkText: (wanted, read = {}) => copyTogether(reader, wanted, read),
    async profileTable(wanted, options, read = {}) {
      const profiled: OnTable<TableProfile> = ({ client }, table) =>
        once(profileTable(client, table, options, { where: read.where, utf8: backend.utf8 }))
      let profile: TableProfile | undefined
      for await (const found of reader.onReader(wanted, read, profiled)) profile = found
      return profile as TableProfile
    },
    duckdbReader: {
      extension: NATIVE_EXTENSION,
      async read(wanted, profile, read = {}) {
        const { conninfo, another } = connection
        const session = sessionOptions(options.lockTimeoutMs ?? DEFAULT_LOCK_TIMEOUT_MS)
        return readNative(await reader.tableOf(wanted), {
          another,
          profile,
          applicationName: options.applicationName ?? APPLICATION_NAME,
          conninfo: (name) => conninfo(name, session),
          join: { snapshotId: backend.info.id, instance: backend.instance, where: read.where },
          onReader: (work) => reader.onReader(wanted, read, work),
        })
      },
    },
    detect(requests, signal) {
      const { source, position } = backend.info
      const known = { system_identifier: source.system_identifier ?? null, started: backend.instance, position }
      return detectTables(reader, requests, { known, parallel, signal })
    },
    async tryTables(reads, limits, onTried) {
      const take = (signal: AbortSignal | undefined) => reader.pool.take(signal)
      const listed = await reader.fromCatalog(reader.list())
      await tryTables(reads, listed, { ...limits, take, parallel, server: connection.server }, onTried)
    },
    close: async () => reader.end(),
  }
}

/** `SourceSnapshot.readBulkText`: copies with one reader, and with others that are free. */
function copyTogether(reader: SnapshotReader, wanted: TableSchema, read: ReadTableOptions): BulkText {
  const { pool } = reader
  let data: BulkText | undefined
  const bulkText = reader.onReader(wanted, read, async function* (first, table) {
    // a condition may use an index of its own, which every range would scan again
    const whole = read.where !== undefined || first.last
    data = copyRanges(first, table, {
      ranges: whole ? [read.where] : await blockRanges(first.client, table),
      free: () => pool.free(),
      contended: () => pool.contended(),
      help(work, end) {
        const ended = read.signal ? AbortSignal.any([read.signal, end]) : end
        return reader.onOneReader(wanted, { signal: ended }, work, { take: (signal) => pool.takeIfFree(signal) })
      },
    })
    yield* data.bulkText
  })
  return { bulkText, sent: () => data?.sent() ?? 0 }
}
