import {
  type DuckDBConnection,
  type DuckDBInstance,
  type DuckDBResult,
  ResultReturnType,
  StatementType,
} from '@duckdb/node-api'
import { DwhError, quoteLiteral, type TableEntry, throwIfAborted } from '@dwh/core'
import { bindParameters, checkParametersUsed, type QueryParameters } from './bind-parameters.ts'
import { type ExportedBytes, exportStatement } from './export-statement.ts'
import { formatResult } from './format/format-result.ts'
import type { LoadedTables } from './loaded-tables.ts'
import { tableNotLoaded } from './placeholder.ts'
import { type QueryResult, queryResult } from './query-result.ts'
import { type Row, rowValues } from './row-values.ts'
import type { ExportOptions, RunQueryOptions, Session, WholeResult } from './session.ts'
import { splitStatements } from './split-statements.ts'

/** Statements that change the session alone, as long as no other database is attached. */
const SESSION_ONLY: ReadonlySet<StatementType> = new Set([
  StatementType.CREATE,
  StatementType.CREATE_FUNC,
  StatementType.INSERT,
  StatementType.UPDATE,
  StatementType.DELETE,
  StatementType.DROP,
  StatementType.ALTER,
  StatementType.PREPARE,
  StatementType.SET,
  StatementType.VARIABLE_SET,
])

export class OpenedSession implements Session {
  readonly #instance: DuckDBInstance
  readonly #connection: DuckDBConnection
  readonly #loaded: LoadedTables
  readonly #pipes: string | null
  #attached = false
  #closed = false

  /** `pipes`: the folder for the pipes of `export`; null to do without. */
  constructor(instance: DuckDBInstance, connection: DuckDBConnection, loaded: LoadedTables, pipes: string | null) {
    this.#instance = instance
    this.#connection = connection
    this.#loaded = loaded
    this.#pipes = pipes
  }

  query(sql: string, options: RunQueryOptions = {}): AsyncGenerator<QueryResult> {
    return this.#each(sql, options, (statement, one) => this.#start(statement, one, options))
  }

  export(sql: string, options: ExportOptions): AsyncGenerator<AsyncIterable<Uint8Array>> {
    let close: (() => Promise<void>) | null = null
    const end = async () => {
      const last = close
      close = null
      await last?.()
    }
    const start = async (statement: string, one: boolean) => {
      const exported = await this.#export(statement, one, options)
      close = exported?.close ?? null
      return exported?.bytes ?? null
    }
    return this.#each(sql, options, start, end)
  }

  async queryAll(sql: string, options: RunQueryOptions = {}): Promise<WholeResult | null> {
    let answer: WholeResult | null = null
    for await (const result of this.query(sql, options)) {
      const all: Row[] = []
      for await (const batch of rowValues(result)) for (const row of batch) all.push(row)
      answer = { columns: result.columns, rows: all }
    }
    return answer
  }

  load(tables?: readonly string[], options?: RunQueryOptions): Promise<void> {
    return this.#loaded.load(tables, options)
  }

  show(tables: Readonly<Record<string, TableEntry>>): Promise<boolean> {
    return this.#loaded.show(tables)
  }

  async suggest(sql: string): Promise<{ text: string; start: number }[]> {
    // in a failed transaction there is nothing to suggest, which is not an error
    const found = await this.#connection
      .runAndReadAll(`SELECT suggestion, suggestion_start FROM sql_auto_complete(${quoteLiteral(sql)})`)
      .catch(() => null)
    return (found?.getRows() ?? []).map(([text, start]) => ({ text: String(text), start: Number(start) }))
  }

  progress(): number | null {
    const { percentage } = this.#connection.progress
    return percentage > 0 && percentage <= 100 ? percentage / 100 : null
  }

  interrupt(): void {
    this.#connection.interrupt()
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    for (const held of [this.#connection, this.#instance]) held.closeSync()
    await this.#loaded.close()
  }

  /** Runs the statements of a text one after the other. */
  async *#each<T>(
    sql: string,
    { signal, params }: RunQueryOptions,
    start: (statement: string, one: boolean) => Promise<T | null>,
    /** Ends what was started last, when the next statement is wanted or none any more. */
    end: () => Promise<void> = async () => {},
  ): AsyncGenerator<T> {
    throwIfAborted(signal, 'query')
    const stop = () => this.#connection.interrupt()
    signal?.addEventListener('abort', stop)
    try {
      if (params) checkParametersUsed(sql, params)
      const statements = splitStatements(sql)
      if (statements.length === 0) return
      const one = await this.#areAsCounted(statements, sql)
      // if DuckDB finds other statements than we do, it gets the whole text, and answers with its last statement
      for (const statement of one ? statements : [sql]) {
        throwIfAborted(signal, 'query')
        const result = await start(statement, one)
        if (result) yield result
        await end()
      }
    } finally {
      signal?.removeEventListener('abort', stop)
      stop()
      await end()
    }
  }

  /** Starts one statement, or a text that may contain several; null when it returns no rows. */
  async #start(sql: string, one: boolean, options: RunQueryOptions): Promise<QueryResult | null> {
    const { params, signal, onRan } = options
    return this.#withTables(sql, one, options, async () => {
      const timeZone = await this.#timeZone()
      const result = await this.#stream(sql, params)
      if (result.returnType !== ResultReturnType.QUERY_RESULT) {
        this.#attached ||= result.statementType === StatementType.ATTACH
        onRan?.(SESSION_ONLY.has(result.statementType) && !this.#attached ? 'session' : 'lasting')
        return null
      }
      const isPlan = result.statementType === StatementType.EXPLAIN
      onRan?.('rows')
      const answer = queryResult({ result, first: await result.fetchChunk(), isPlan, timeZone })
      return { ...answer, rows: this.#passing(answer.rows, signal) }
    })
  }

  async #stream(sql: string, params: QueryParameters | undefined): Promise<DuckDBResult> {
    if (params === undefined) {
      return this.#connection.stream(sql).catch(async (error) => {
        const prepared = await this.#connection.prepare(sql).catch(() => null)
        if (prepared) bindParameters(prepared, [])
        throw error
      })
    }
    const prepared = await this.#connection.prepare(sql)
    bindParameters(prepared, params)
    return prepared.stream()
  }

  /** Starts one statement, whose result comes as bytes; null when it returns no rows. */
  async #export(
    sql: string,
    one: boolean,
    options: ExportOptions,
  ): Promise<(Partial<ExportedBytes> & Pick<ExportedBytes, 'bytes'>) | null> {
    const { params = [], format, header = true, signal, onRan } = options
    const folder = this.#pipes
    const connection = this.#connection
    if (one && folder !== null) {
      const exported = await this.#withTables(sql, one, options, () =>
        exportStatement({ connection, sql, parameters: params, format, header, folder }),
      )
      if (exported) {
        onRan?.('rows')
        return { bytes: this.#passing(exported.bytes, signal), close: exported.close }
      }
    }
    const result = await this.#start(sql, one, options)
    if (result === null) return null
    if (format === 'parquet')
      throw new DwhError('QUERY_FAILED', 'the result cannot be written as Parquet', {
        hint: 'Only the rows of a query can, such as SELECT. DuckDB needs a folder for temporary files too (DWH_TMP).',
      })
    return { bytes: encoded(formatResult(result, format, { header })) }
  }

  /** Opens the tables of a statement, and again those of which only the start of the statement tells. */
  async #withTables<T>(sql: string, one: boolean, options: RunQueryOptions, start: () => Promise<T>): Promise<T> {
    if (one) await this.#loaded.loadFor(sql, options)
    throwIfAborted(options.signal, 'query')
    const again = new Set<string>()
    for (;;) {
      try {
        return await start()
      } catch (error) {
        throwIfAborted(options.signal, 'query')
        const table = tableNotLoaded(error)
        if (table === null || again.has(table)) throw await this.#loaded.explain(error)
        again.add(table)
        await this.#loaded.reload(table, options)
      }
    }
  }

  #passing<T>(items: AsyncIterable<T>, signal: AbortSignal | undefined): AsyncGenerator<T> {
    return passing(items, signal, (error) => this.#loaded.failure(error))
  }

  /** The session's time zone now; a statement may have set it. */
  async #timeZone(): Promise<string> {
    // a failed transaction refuses every statement but its end, which returns no rows
    const setting = await this.#connection.runAndReadAll(`SELECT current_setting('TimeZone')`).catch(() => null)
    return String(setting?.getRows()[0]?.[0] ?? 'UTC')
  }

  /** Whether DuckDB counts as many statements in the parts as in the text; it counts a PIVOT as two. */
  async #areAsCounted(statements: readonly string[], sql: string): Promise<boolean> {
    const count = async (text: string) => (await this.#connection.extractStatements(text)).count
    const all = await count(sql).catch((error) => {
      throw this.#loaded.failure(error)
    })
    const each = await Promise.all(statements.map((statement) => count(statement).catch(() => 0)))
    return each.every((found) => found > 0) && each.reduce((sum, found) => sum + found, 0) === all
  }
}

/** Passes items on; errors become errors about the tables, or ABORTED after the signal. */
async function* passing<T>(
  items: AsyncIterable<T>,
  signal: AbortSignal | undefined,
  wrap: (error: unknown) => unknown,
): AsyncGenerator<T> {
  try {
    yield* items
  } catch (error) {
    throwIfAborted(signal, 'query')
    throw wrap(error)
  }
}

async function* encoded(texts: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  for await (const text of texts) yield Buffer.from(text)
}
