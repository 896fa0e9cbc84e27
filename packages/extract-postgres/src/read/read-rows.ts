import { DwhError, interruptible, quoteIdentifier, type RowBatch, type TableName } from '@dwh/core'
import Cursor from 'pg-cursor'
import type { PgColumn } from '../catalog/list-tables.ts'
import { qualifiedName } from '../catalog/qualified-name.ts'
import type { PgClient } from '../session/pg-client.ts'
import { sourceFailure } from '../session/postgres-errors.ts'
import type { Waiting } from '../session/watch-silence.ts'
import { boundedCursor, type TextRow } from './bounded-cursor.ts'

export interface ReadRowsOptions {
  /** An SQL condition; names outside pg_catalog need their schema. */
  readonly where?: string | undefined
  /**
   * Maximum number of rows in a batch. Two batches are held at once: the one that the caller has, and the next. Default
   * 2,000.
   */
  readonly batchRows?: number | undefined
  /**
   * Target size of a batch; batches grow and shrink towards it. Much longer rows exceed it once, by up to 4 MiB and a
   * row. Default 256 KiB.
   */
  readonly batchBytes?: number | undefined
  /** Maintained here: true while rows of the server are awaited, false while the caller has some. */
  readonly waiting?: Waiting | undefined
}

const DEFAULT_BATCH_ROWS = 2_000
const DEFAULT_BATCH_BYTES: number = 256 * 1024

/** A batch that gets longer than intended ends here. */
const MOST_BATCH_BYTES = 4 * 1024 * 1024

/** Size of the first batch, before the size of the rows is known. */
const FIRST_BATCH_ROWS = 8

/** Values stay the text that the server sent: numbers do not become doubles, times do not become Dates. */
const asText = { getTypeParser: () => (value: unknown) => value }

/** The columns of one table to read, by their names in the source. */
export interface ReadableTable extends TableName {
  readonly columns: readonly Pick<PgColumn, 'name' | 'mapping'>[]
}

/**
 * Streams a table through a server-side portal. Cells are in the order of `table.columns`; each is null or the text
 * that Postgres printed, so the batches are `trustedText` for `TableData`. Memory is bounded by `batchRows` and the
 * longest rows, whatever the size of the table; the server waits while the caller does.
 *
 * Call it inside `beginSnapshot`. `client` stays the caller's, and is ready for the next query after the end, an early
 * exit and an error of the server.
 *
 * @example
 * for await (const batch of readRows(client, table)) for (const [id, email] of batch) console.log(id, email)
 *
 * @throws DwhError SOURCE_FAILED, SOURCE_DENIED or SOURCE_CHANGED, naming the table and the rows reached
 */
export async function* readRows(
  client: PgClient,
  table: ReadableTable,
  options: ReadRowsOptions = {},
): AsyncGenerator<RowBatch> {
  const { batchRows = DEFAULT_BATCH_ROWS, batchBytes = DEFAULT_BATCH_BYTES, waiting = { now: false } } = options
  if (table.columns.length === 0) throw new DwhError('SOURCE_FAILED', `${table.name}: no columns to read`)
  const cursor = client.query(
    new Cursor<TextRow>(selectStatement(table, options.where), [], { rowMode: 'array', types: asText }),
  )
  const connection = watchConnection(client, cursor)
  const bounded = boundedCursor(client, cursor, MOST_BATCH_BYTES)
  let size = Math.min(FIRST_BATCH_ROWS, batchRows)
  let reached = 0
  bounded.ask(size)
  try {
    for (;;) {
      waiting.now = true
      const { rows, came } = await connection.orLost(bounded.take())
      waiting.now = false
      if (came === 0) return
      reached += rows.length
      if (rows.length > 0) size = nextBatchRows(rows, batchRows, batchBytes)
      // one batch ahead: the server works while the caller does
      if (came !== null) bounded.ask(size)
      if (rows.length > 0) yield rows
    }
  } catch (error) {
    throw sourceFailure(error, { table, rows: reached })
  } finally {
    waiting.now = true
    await connection.orLost(bounded.drain()).catch(() => {})
    await connection.orLost(cursor.close()).catch(() => {})
    connection.unwatch()
  }
}

/**
 * Ends waiting when the connection ends: a cursor waits for ever if the connection is lost between the last row and the
 * server's "ready", or before it is closed. The last error of the server before it closed the connection, sent while no
 * query was running, is the reason.
 */
function watchConnection(
  client: PgClient,
  cursor: Cursor,
): { orLost<T>(answer: Promise<T>): Promise<T>; unwatch(): void } {
  const waits = interruptible()
  let lastWords: unknown
  cursor.once('error', (error) => {
    lastWords = error
  })
  const onEnd = () => waits.interrupt(lastWords ?? new Error('Connection terminated unexpectedly'))
  client.once('end', onEnd)
  return {
    orLost: (answer) => waits.wait(answer),
    unwatch: () => client.removeListener('end', onEnd),
  }
}

/** Approaches `batchBytes`, at most doubling: a few short rows say little about the next ones. */
function nextBatchRows(batch: readonly (string | null)[][], batchRows: number, batchBytes: number): number {
  let bytes = 0
  for (const row of batch) for (const cell of row) bytes += cell === null ? 1 : cell.length
  const fitting = Math.floor((batchBytes * batch.length) / Math.max(bytes, 1))
  return Math.max(1, Math.min(fitting, batch.length * 2, batchRows))
}

/** `before`: expressions before the columns. */
export function selectStatement(table: ReadableTable, where: string | undefined, ...before: readonly string[]): string {
  const columns = [...before, ...table.columns.map((column) => column.mapping.select(quoteIdentifier(column.name)))]
  return `SELECT ${columns.join(', ')} FROM ${qualifiedName(table)}${whereClause(where)}`
}

/** WHERE clause for rows that meet all `conditions`; empty without conditions. A condition may end in a comment. */
export function whereClause(...conditions: readonly (string | undefined)[]): string {
  const given = conditions.filter((condition) => condition !== undefined)
  return given.length === 0 ? '' : ` WHERE ${given.map((condition) => `(${condition}\n)`).join(' AND ')}`
}
