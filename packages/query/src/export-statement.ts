import { type DuckDBConnection, type DuckDBPreparedStatement, DuckDBTypeId, StatementType } from '@duckdb/node-api'
import { bindParameters, type QueryParameters } from './bind-parameters.ts'
import { copySql } from './format/copy-sql.ts'
import { csvHeader } from './format/format-csv.ts'
import { DELIMITERS, type ExportFormat } from './format/format-options.ts'
import { type NamedPipe, openNamedPipe } from './named-pipe.ts'
import { gathersRows, useOneThread } from './plan-threads.ts'
import type { ResultColumn } from './query-result.ts'

export interface ExportStatement {
  readonly connection: DuckDBConnection
  readonly sql: string
  readonly parameters: QueryParameters
  readonly format: ExportFormat
  readonly header: boolean
  /** Folder for the pipe between DuckDB and the reader. */
  readonly folder: string
}

/** The bytes of a result. `close` ends the query, whether or not they were read; safe to call twice. */
export interface ExportedBytes {
  readonly bytes: AsyncIterable<Uint8Array>
  close(): Promise<void>
}

/**
 * Starts a query whose rows DuckDB itself writes, returns the bytes. Null if it is no query, or has a type
 * that DuckDB does not write as we do, or if the folder can hold no pipe.
 * @throws DuckDB's error, before the first byte if the query cannot start
 */
export async function exportStatement(options: ExportStatement): Promise<ExportedBytes | null> {
  const { connection, sql, parameters, format, header, folder } = options
  const columns = await describe(connection, sql)
  if (columns === null) return null
  // a file system without pipes, or a system without mkfifo: slower, the same bytes
  const pipe = await openNamedPipe(folder).catch(() => null)
  if (pipe === null) return null
  let close = () => pipe.close()
  try {
    const copy = await prepareCopy(connection, copySql(sql, columns, format, pipe.path), parameters)
    if (copy === null) {
      await close()
      return null
    }
    const restore = (await gathersRows(connection, sql)) ? async () => {} : await useOneThread(connection)
    const copied = new Copied(connection, copy, pipe, restore)
    close = () => copied.close()
    await copied.begin()
    return { bytes: frame(copied, format, header ? columns : null), close }
  } catch (error) {
    await close()
    throw error
  }
}

/** The columns of a query; null for another statement. */
async function describe(connection: DuckDBConnection, sql: string): Promise<ResultColumn[] | null> {
  // a wrong statement fails with its own error when it runs; so does one that cannot be prepared, such as a PIVOT
  const prepared = await connection.prepare(sql).catch(() => null)
  if (prepared === null) return null
  try {
    const indexes = Array.from({ length: prepared.columnCount }, (_, i) => i)
    // a column that is a parameter has no type before it has a value
    const typed = indexes.every((i) => prepared.columnTypeId(i) !== DuckDBTypeId.INVALID)
    if (prepared.statementType !== StatementType.SELECT || !typed) return null
    return indexes.map((i) => ({ name: prepared.columnName(i), type: prepared.columnType(i) }))
  } finally {
    prepared.destroySync()
  }
}

/** Null for a query that is none within another, or whose columns have a type that COPY cannot write. */
async function prepareCopy(
  connection: DuckDBConnection,
  sql: string | null,
  parameters: QueryParameters,
): Promise<DuckDBPreparedStatement | null> {
  const prepared = sql === null ? null : await connection.prepare(sql).catch(() => null)
  try {
    if (prepared) bindParameters(prepared, parameters)
    return prepared
  } catch (error) {
    prepared?.destroySync()
    throw error
  }
}

/** More than Parquet's first word, which DuckDB writes before the query begins. */
const BEGUN_BYTES = 5

/** A COPY in progress, and the bytes it writes to a pipe. */
class Copied {
  readonly #connection: DuckDBConnection
  readonly #pipe: NamedPipe
  readonly #done: Promise<void>
  readonly #bytes: AsyncIterator<Uint8Array>
  readonly #first: Uint8Array[] = []
  readonly #restore: () => Promise<void>
  #running = true
  #closed = false

  /** `restore` undoes what was set for the COPY, after its end. */
  constructor(
    connection: DuckDBConnection,
    copy: DuckDBPreparedStatement,
    pipe: NamedPipe,
    restore: () => Promise<void>,
  ) {
    this.#connection = connection
    this.#pipe = pipe
    this.#restore = restore
    this.#bytes = pipe.bytes[Symbol.asyncIterator]()
    this.#done = copy
      .run()
      .then(() => {})
      .finally(() => {
        this.#running = false
        copy.destroySync()
        pipe.end()
      })
    // `bytes` or `close` waits for it; until then it is handled
    this.#done.catch(() => {})
  }

  /** Waits until the query has returned rows, or ended. */
  async begin(): Promise<void> {
    for (let length = 0; length < BEGUN_BYTES; ) {
      const { value, done } = await this.#bytes.next()
      if (done) return this.#done
      this.#first.push(value)
      length += value.length
    }
  }

  async *bytes(): AsyncGenerator<Uint8Array> {
    yield* this.#first
    for (;;) {
      const { value, done } = await this.#bytes.next()
      if (done) return await this.#done
      yield value
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    if (this.#running) this.#connection.interrupt()
    await this.#pipe.close()
    await this.#done.catch(() => {})
    // a failed transaction, or a closed session, takes no setting
    await this.#restore().catch(() => {})
  }
}

/** Adds what is not in DuckDB's bytes: the header of CSV, the brackets of JSON. */
async function* frame(
  copied: Copied,
  format: ExportFormat,
  header: readonly ResultColumn[] | null,
): AsyncGenerator<Uint8Array> {
  if (format === 'json') yield* inBrackets(copied.bytes())
  else {
    if (header && (format === 'csv' || format === 'tsv')) yield Buffer.from(csvHeader(header, DELIMITERS[format]))
    yield* copied.bytes()
  }
}

/** Puts lines that each end with a comma into an array; the last comma goes. */
async function* inBrackets(lines: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let before = Buffer.from('[\n')
  let tail = Buffer.alloc(0)
  for await (const bytes of lines) {
    const whole = Buffer.concat([before, tail, bytes])
    before = Buffer.alloc(0)
    const end = Math.max(whole.length - 2, 0)
    yield whole.subarray(0, end)
    tail = whole.subarray(end)
  }
  yield Buffer.from(before.length > 0 ? '[]\n' : '\n]\n')
}
