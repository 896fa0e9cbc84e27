import {
  DwhError,
  formatTableName,
  type ReadTableOptions,
  type RowBatch,
  type SnapshotInfo,
  type Source,
  type SourceSnapshot,
  type TableSchema,
  throwIfAborted,
} from '@dwh/core'
import type pg from 'pg'
import { type ConnectOptions, connect, type PostgresConnection } from './connect.ts'
import { listTables, type PgTable } from './list-tables.ts'
import { lockTable } from './lock-table.ts'
import { sourceFailure } from './postgres-errors.ts'
import { type ReadRowsOptions, readRows } from './read-rows.ts'
import { type BeginSnapshotOptions, beginSnapshot, exportSnapshot } from './session.ts'

export interface PostgresSourceOptions
  extends ConnectOptions,
    Pick<BeginSnapshotOptions, 'lockTimeoutMs'>,
    Pick<ReadRowsOptions, 'batchRows' | 'batchBytes'> {
  /** How many tables may be read at once, each on a connection of its own beside the one that holds the snapshot. Default 2. */
  readonly parallel?: number | undefined
  /** Told, once each, what is no error and may surprise: a setting without effect, a password file that is ignored, fewer connections than wanted. */
  readonly onNote?: ((note: string) => void) | undefined
}

const DEFAULT_PARALLEL = 2

/**
 * A Postgres database as a `Source`. One connection exports a snapshot and holds it; every table is read on another that has imported it, so all
 * tables are as they were at one instant, however long the reading takes.
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
      try {
        for (const note of resolved.notes) options.onNote?.(note)
        const session = { ...options, applicationName: resolved.applicationName ?? undefined }
        await beginSnapshot(holder, session)
        return openSnapshot(connection, await exportSnapshot(holder), session, signal)
      } catch (error) {
        await holder.end().catch(() => {})
        throw sourceFailure(error, { server })
      }
    },
  }
}

function openSnapshot(
  { client: holder, server, another }: PostgresConnection,
  info: SnapshotInfo & { readonly id: string },
  options: PostgresSourceOptions & BeginSnapshotOptions,
  signal: AbortSignal | undefined,
): SourceSnapshot {
  const idle: pg.Client[] = []
  const open = new Set<pg.Client>([holder])
  let listed: Promise<Map<string, PgTable>> | undefined
  let closed = false

  async function borrow(): Promise<pg.Client> {
    const client = idle.pop() ?? (await another(signal))
    open.add(client)
    return client
  }

  function giveBack(client: pg.Client, usable: boolean): void {
    if (usable && !closed) idle.push(client)
    else discard(client)
  }

  function discard(client: pg.Client): void {
    open.delete(client)
    destroy(client)
  }

  function list(): Promise<Map<string, PgTable>> {
    listed ??= listTables(holder).then((tables) => new Map(tables.map((table) => [formatTableName(table), table])))
    return listed
  }

  async function* rows(wanted: TableSchema, read: ReadTableOptions): AsyncGenerator<RowBatch> {
    const table = selectColumns((await list()).get(formatTableName(wanted)), wanted)
    const client = await borrow()
    // a read that waits for the server ends at once when its socket does
    const stop = () => discard(client)
    const signals = [signal, read.signal].filter((s) => s !== undefined)
    for (const s of signals) s.addEventListener('abort', stop)
    let complete = false
    try {
      for (const s of signals) throwIfAborted(s, formatTableName(table))
      await beginSnapshot(client, { ...options, snapshotId: info.id })
      await lockTable(client, table)
      yield* readRows(client, table, { ...options, where: read.where })
      complete = true
    } catch (error) {
      for (const s of signals) throwIfAborted(s, formatTableName(table))
      throw sourceFailure(error, { table })
    } finally {
      for (const s of signals) s.removeEventListener('abort', stop)
      // also after an early exit: ends the transaction, and with it the table's lock
      const ended = await client.query(complete ? 'COMMIT' : 'ROLLBACK').then(
        () => true,
        () => false,
      )
      giveBack(client, ended)
    }
  }

  return {
    info,
    parallel: options.parallel ?? DEFAULT_PARALLEL,
    async tables() {
      try {
        return [...(await list()).values()]
      } catch (error) {
        throw sourceFailure(error, { server })
      }
    },
    read: (table, read = {}) => ({ rows: rows(table, read), canonical: true }),
    async close() {
      if (closed) return
      closed = true
      for (const client of open) destroy(client)
    },
  }
}

/** Ends a connection without waiting for the server, which rolls back. */
function destroy(client: pg.Client): void {
  client.connection.stream.destroy()
}

function selectColumns(table: PgTable | undefined, wanted: TableSchema): PgTable {
  if (!table) throw new DwhError('SOURCE_FAILED', `${formatTableName(wanted)}: no such table in this snapshot`)
  const columns = wanted.columns.map((column) => {
    const found = table.columns.find((candidate) => candidate.name === column.name)
    if (!found)
      throw new DwhError('SOURCE_FAILED', `${formatTableName(wanted)}: no column ${column.name} in this snapshot`)
    return found
  })
  return { ...table, columns }
}
