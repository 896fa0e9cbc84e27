import {
  type DuckDBConnection,
  type DuckDBInstance,
  type DuckDBValue,
  ResultReturnType,
  StatementType,
} from '@duckdb/node-api'
import { quoteLiteral, type TableEntry, throwIfAborted } from '@dwh/core'
import type { LoadedTables } from './loaded-tables.ts'
import { tableNotLoaded } from './placeholder.ts'
import { type QueryResult, queryResult } from './query-result.ts'
import type { RunQueryOptions, Session, WholeResult } from './session.ts'
import { splitStatements } from './split-statements.ts'

export class OpenedSession implements Session {
  readonly #instance: DuckDBInstance
  readonly #connection: DuckDBConnection
  readonly #loaded: LoadedTables
  #closed = false

  constructor(instance: DuckDBInstance, connection: DuckDBConnection, loaded: LoadedTables) {
    this.#instance = instance
    this.#connection = connection
    this.#loaded = loaded
  }

  async *query(sql: string, options: RunQueryOptions = {}): AsyncGenerator<QueryResult> {
    const { signal } = options
    throwIfAborted(signal, 'query')
    const stop = () => this.#connection.interrupt()
    signal?.addEventListener('abort', stop)
    try {
      const statements = splitStatements(sql)
      if (statements.length === 0) return
      const one = await this.#areAsCounted(statements, sql)
      // if DuckDB finds other statements than we do, it gets the whole text, and answers with its last statement
      for (const statement of one ? statements : [sql]) {
        throwIfAborted(signal, 'query')
        const result = await this.#start(statement, one, options)
        if (result) yield stoppable(result, signal)
      }
    } finally {
      signal?.removeEventListener('abort', stop)
      stop()
    }
  }

  async queryAll(sql: string, options: RunQueryOptions = {}): Promise<WholeResult | null> {
    let answer: WholeResult | null = null
    for await (const { columns, rows } of this.query(sql, options)) {
      const all: (readonly DuckDBValue[])[] = []
      for await (const batch of rows) for (const row of batch) all.push(row)
      answer = { columns, rows: all }
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

  /** Starts one statement, or a text that may contain several; null when it returns no rows. */
  async #start(sql: string, one: boolean, options: RunQueryOptions): Promise<QueryResult | null> {
    if (one) await this.#loaded.loadFor(sql, options)
    throwIfAborted(options.signal, 'query')
    const again = new Set<string>()
    for (;;) {
      try {
        const result = await this.#connection.stream(sql)
        if (result.returnType !== ResultReturnType.QUERY_RESULT) return null
        const explains = result.statementType === StatementType.EXPLAIN
        return queryResult(result, await result.fetchChunk(), explains, (error) => this.#loaded.failure(error))
      } catch (error) {
        throwIfAborted(options.signal, 'query')
        const table = tableNotLoaded(error)
        if (table === null || again.has(table)) throw await this.#loaded.explain(error)
        again.add(table)
        await this.#loaded.reload(table, options)
      }
    }
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

function stoppable(result: QueryResult, signal: AbortSignal | undefined): QueryResult {
  async function* rows() {
    try {
      yield* result.rows
    } catch (error) {
      throwIfAborted(signal, 'query')
      throw error
    }
  }
  return { ...result, rows: rows() }
}
