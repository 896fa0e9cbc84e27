import { type CsvData, DwhError, interruptible } from '@dwh/core'
import { type CopyToStreamQuery, to as copyTo } from 'pg-copy-streams'
import type { PgClient } from './pg-client.ts'
import { sourceFailure } from './postgres-errors.ts'
import { type ReadableTable, selectStatement } from './read-rows.ts'

export interface CopyCsvOptions {
  /** An SQL condition; names outside pg_catalog need their schema. */
  readonly where?: string | undefined
  /**
   * Ends the connection, when the caller leaves midway: a copy cannot be stopped otherwise. Without it the rest is read and thrown away, and the connection
   * is then ready for the next query.
   */
  readonly drop?: (() => void) | undefined
}

/**
 * Streams a table as the bytes of `COPY (SELECT NULL, ...) TO STDOUT (FORMAT csv)`, untouched: the least that a row can cost on this side. Memory is that of
 * the connection's buffer; the server waits while the caller does.
 *
 * Call it inside `beginSnapshot`. `client` stays the caller's, and is ready for the next query after the end and a server's error; see `drop` for an early exit.
 *
 * @example
 * const { csv, sent } = copyCsv(client, table)
 * for await (const bytes of csv) process.stdout.write(bytes)
 * console.log(sent())
 *
 * @throws DwhError SOURCE_FAILED, SOURCE_DENIED or SOURCE_CHANGED, naming the table; while iterating
 */
export function copyCsv(client: PgClient, table: ReadableTable, options: CopyCsvOptions = {}): CsvData {
  if (table.columns.length === 0) throw new DwhError('SOURCE_FAILED', `${table.name}: no columns to read`)
  const statement = `COPY (${selectStatement(table, options.where, 'NULL')}) TO STDOUT (FORMAT csv)`
  const copy = copyTo(statement) as CopyToStreamQuery & { handleReadyForQuery: () => void }
  // the command tag is all that tells a copy that ran to its end from one that was cut between two rows
  copy.rowCount = NO_TAG
  const ready = new Promise<void>((resolve) => {
    copy.handleReadyForQuery = resolve
  })

  async function* csv(): AsyncGenerator<Uint8Array> {
    const waits = interruptible()
    // what the server said before it hung up is the reason
    let lastWords: unknown
    copy.once('error', (error) => {
      lastWords = error
    })
    const lost = () => waits.interrupt(lastWords ?? new Error('Connection terminated unexpectedly'))
    client.once('end', lost)
    const chunks: AsyncIterator<Uint8Array> = client.query(copy)[Symbol.asyncIterator]()
    let bytes = 0
    let over = false
    try {
      for (;;) {
        const next = await waits.wait(chunks.next())
        if (next.done) break
        bytes += next.value.length
        yield next.value
      }
      await waits.wait(ready)
      over = true
      if (copy.rowCount === NO_TAG) throw new Error('the server did not say how many rows it sent')
    } catch (error) {
      over = true
      throw sourceFailure(error, { table, bytes })
    } finally {
      if (!over && options.drop) options.drop()
      else if (!over) await waits.wait(rest(chunks, ready)).catch(() => {})
      client.removeListener('end', lost)
      copy.destroy()
    }
  }

  return { csv: csv(), sent: () => copy.rowCount }
}

const NO_TAG = -1

async function rest(chunks: AsyncIterator<unknown>, ready: Promise<void>): Promise<void> {
  while (!(await chunks.next()).done);
  await ready
}
