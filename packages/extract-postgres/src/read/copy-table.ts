import { type BulkText, DwhError, interruptible } from '@dwh/core'
import { type CopyToStreamQuery, to as copyTo } from 'pg-copy-streams'
import type { PgClient } from '../session/pg-client.ts'
import { sourceFailure } from '../session/postgres-errors.ts'
import type { Waiting } from '../session/watch-silence.ts'
import { NEWLINE } from './merge-rows.ts'
import { type ReadableTable, selectStatement } from './read-rows.ts'

export interface CopyTableOptions {
  /** An SQL condition; names outside pg_catalog need their schema. */
  readonly where?: string | undefined
  /**
   * Closes the connection if the caller leaves early: a copy cannot be stopped in another way. Without it, the rest is
   * read and discarded, and the connection is then ready for the next query.
   */
  readonly drop?: (() => void) | undefined
  /** Maintained here: true while bytes of the server are awaited, false while the caller has some. */
  readonly waiting?: Waiting | undefined
}

/**
 * Streams a table as the bytes of `COPY (SELECT '', ...) TO STDOUT`, unchanged: the cheapest way to send rows, for the
 * server and for this process. A piece ends at the end of a row, except within a row that is longer than a piece.
 * Memory is bounded by a piece and the buffer of the connection; the server waits while the caller does.
 *
 * Call it inside `beginSnapshot`. `client` stays the caller's, and is ready for the next query after the end and after
 * an error of the server; see `drop` for an early exit.
 *
 * @example
 * const { bulkText, sent } = copyTable(client, table)
 * for await (const bytes of bulkText) process.stdout.write(bytes)
 * console.log(sent())
 *
 * @throws DwhError SOURCE_FAILED, SOURCE_DENIED or SOURCE_CHANGED, naming the table; while iterating
 */
export function copyTable(client: PgClient, table: ReadableTable, options: CopyTableOptions = {}): BulkText {
  if (table.columns.length === 0) throw new DwhError('SOURCE_FAILED', `${table.name}: no columns to read`)
  const { waiting = { now: false } } = options
  const query = copyTo(`COPY (${selectStatement(table, options.where, "''")}) TO STDOUT`) as CopyToStreamQuery & {
    handleReadyForQuery: () => void
  }
  // only the command tag distinguishes a complete copy from one that was cut between two rows
  query.rowCount = NO_TAG
  const ready = new Promise<void>((resolve) => {
    query.handleReadyForQuery = resolve
  })

  async function* copy(): AsyncGenerator<Uint8Array> {
    const waits = interruptible()
    // the last error of the server before it closed the connection is the reason
    let lastWords: unknown
    query.once('error', (error) => {
      lastWords = error
    })
    const lost = () => waits.interrupt(lastWords ?? new Error('Connection terminated unexpectedly'))
    client.once('end', lost)
    const chunks: AsyncIterator<Uint8Array> = client.query(query)[Symbol.asyncIterator]()
    const rows = wholeRows()
    let bytes = 0
    let over = false
    try {
      for (;;) {
        waiting.now = true
        const next = await waits.wait(chunks.next())
        waiting.now = false
        const piece = next.done ? rows.rest() : rows.add(next.value)
        if (piece.length > 0) {
          bytes += piece.length
          yield piece
        }
        if (next.done) break
      }
      waiting.now = true
      await waits.wait(ready)
      over = true
      if (query.rowCount === NO_TAG) throw new Error('the server did not say how many rows it sent')
    } catch (error) {
      over = true
      throw sourceFailure(error, { table, bytes })
    } finally {
      waiting.now = !over
      if (!over && options.drop) options.drop()
      else if (!over) await waits.wait(rest(chunks, ready)).catch(() => {})
      client.removeListener('end', lost)
      query.destroy()
    }
  }

  return { bulkText: copy(), sent: () => query.rowCount }
}

const NO_TAG = -1

/** The server sends 8 KiB at a time; larger pieces cost less per row. */
const PIECE_BYTES = 64 * 1024

/** Combines chunks into pieces of whole rows; a row longer than a piece is passed on as it arrives. */
function wholeRows(): { add(chunk: Uint8Array): Uint8Array; rest(): Uint8Array } {
  let held: Uint8Array[] = []
  let bytes = 0
  function take(): Buffer {
    const all = Buffer.concat(held, bytes)
    held = []
    bytes = 0
    return all
  }
  function hold(chunk: Uint8Array): void {
    held.push(chunk)
    bytes += chunk.length
  }
  return {
    add(chunk) {
      hold(chunk)
      if (bytes < PIECE_BYTES) return NOTHING
      const all = take()
      const end = all.lastIndexOf(NEWLINE) + 1
      if (end === 0 || end === all.length) return all
      hold(all.subarray(end))
      return all.subarray(0, end)
    },
    rest: take,
  }
}

const NOTHING = new Uint8Array()

async function rest(chunks: AsyncIterator<unknown>, ready: Promise<void>): Promise<void> {
  while (!(await chunks.next()).done);
  await ready
}
