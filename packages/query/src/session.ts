import type { DuckDBValue } from '@duckdb/node-api'
import type { TableEntry } from '@dwh/core'
import type { QueryResult, ResultColumn } from './query-result.ts'

export interface RunQueryOptions {
  readonly signal?: AbortSignal | undefined
}

/** An answer that is held whole. */
export interface WholeResult {
  columns: readonly ResultColumn[]
  rows: (readonly DuckDBValue[])[]
}

export interface Session {
  /**
   * Runs one or more statements; one result for each that answers with rows, in order. A table's files are opened and
   * checked when a statement names it,
   * and stay the same until `close`, whatever is published meanwhile. Leaving early interrupts what is running.
   * @throws DwhError QUERY_FAILED with DuckDB's own message, DAMAGED, ABORTED
   */
  query(sql: string, options?: RunQueryOptions): AsyncGenerator<QueryResult>
  /** Runs one or more statements and holds the last answer whole; null when none answers with rows. */
  queryAll(sql: string, options?: RunQueryOptions): Promise<WholeResult | null>
  /** Opens these tables now, or all of them. */
  load(tables?: readonly string[], options?: RunQueryOptions): Promise<void>
  /**
   * Shows these tables instead, from the next statement on: those of a later run, or of another day. What the session
   * has made of its own stays. Call it between
   * two statements. False within a transaction, which goes on with what it began with.
   */
  show(tables: Readonly<Record<string, TableEntry>>): Promise<boolean>
  /**
   * How an SQL text could go on at its end: names and keywords, the likeliest first, each in place of what follows
   * `start`. Opens no file.
   */
  suggest(sql: string): Promise<{ text: string; start: number }[]>
  /** Gives back DuckDB and every file; safe to call twice. */
  close(): Promise<void>
}
