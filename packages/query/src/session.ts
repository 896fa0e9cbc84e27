import type { TableEntry } from '@dwh/core'
import type { QueryParameters } from './bind-parameters.ts'
import type { ExportFormat } from './format/format-options.ts'
import type { QueryResult, ResultColumn } from './query-result.ts'
import type { Row } from './row-values.ts'

export interface RunQueryOptions {
  readonly signal?: AbortSignal | undefined
  /** Values for `?` and `$1` by position, or for `$name` by name. Each statement takes those that it mentions. */
  readonly params?: QueryParameters | undefined
  /** Called for each statement that has run or returns rows, in order. */
  readonly onRan?: ((kind: StatementKind) => void) | undefined
}

/**
 * What a statement did. `rows`: it returns rows. `session`: its effect ends with the session. `lasting`: it may have
 * changed a file or another database.
 */
export type StatementKind = 'rows' | 'session' | 'lasting'

export interface ExportOptions extends RunQueryOptions {
  readonly format: ExportFormat
  /** Whether CSV and TSV begin with the names of the columns. Default true. */
  readonly header?: boolean | undefined
}

/** A result that is held in memory. */
export interface WholeResult {
  columns: readonly ResultColumn[]
  rows: Row[]
}

export interface Session {
  /**
   * Runs one or more statements; yields one result for each statement that returns rows, in order. Opens and verifies a
   * table's files when a statement names it. They stay the same until `close`, whatever is published in the meantime.
   * Leaving early interrupts the running statement.
   * @throws DwhError QUERY_FAILED with DuckDB's own message, DAMAGED, ABORTED
   */
  query(sql: string, options?: RunQueryOptions): AsyncGenerator<QueryResult>
  /**
   * Runs one or more statements; yields the bytes of one result for each statement that returns rows. DuckDB writes
   * them, so this is the fastest way out. Text is in UTF-8.
   * @throws as `query`, and QUERY_FAILED for a result that Parquet cannot hold
   */
  export(sql: string, options: ExportOptions): AsyncGenerator<AsyncIterable<Uint8Array>>
  /**
   * Runs one or more statements and returns the rows of the last result as JavaScript values (see `rowValues`), by
   * name; null when no statement returns rows.
   */
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
