import type { DuckDBValue } from '@duckdb/node-api'
import type { TableEntry } from '@dwh/core'
import type { QueryResult, ResultColumn } from './query-result.ts'

export interface RunQueryOptions {
  readonly signal?: AbortSignal | undefined
}

/** A result that is held in memory. */
export interface WholeResult {
  columns: readonly ResultColumn[]
  rows: (readonly DuckDBValue[])[]
}

export interface Session {
  /**
   * Runs one or more statements; yields one result for each statement that returns rows, in order. Opens and verifies a
   * table's files when a statement names it. They stay the same until `close`, whatever is published in the meantime.
   * Leaving early interrupts the running statement.
   * @throws DwhError QUERY_FAILED with DuckDB's own message, DAMAGED, ABORTED
   */
  query(sql: string, options?: RunQueryOptions): AsyncGenerator<QueryResult>
  /** Runs one or more statements and returns the last result whole; null when no statement returns rows. */
  queryAll(sql: string, options?: RunQueryOptions): Promise<WholeResult | null>
  /** Opens these tables now, or all tables. */
  load(tables?: readonly string[], options?: RunQueryOptions): Promise<void>
  /**
   * Switches to other tables from the next statement on, such as those of a later run or another day. Tables and views
   * that the session created stay. Call it between two statements. Does nothing and returns false within a transaction.
   */
  show(tables: Readonly<Record<string, TableEntry>>): Promise<boolean>
  /**
   * Completes an SQL text at its end: returns names and keywords, the likeliest first. Each replaces the text after
   * `start`. Opens no file.
   */
  suggest(sql: string): Promise<{ text: string; start: number }[]>
  /** Returns how much of the running statement is done, from 0 to 1; null while DuckDB does not know it. */
  progress(): number | null
  /** Stops the running statement, whose result then ends with an error. */
  interrupt(): void
  /** Closes DuckDB and every file; safe to call twice. */
  close(): Promise<void>
}
