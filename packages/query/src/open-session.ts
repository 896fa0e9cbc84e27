import { DuckDBInstance, type DuckDBValue, ResultReturnType, StatementType } from '@duckdb/node-api'
import { DwhError, quoteLiteral, type TableEntry, throwIfAborted } from '@dwh/core'
import { type HttpfsOptions, loadHttpfs } from './httpfs.ts'
import { inTransaction } from './in-transaction.ts'
import type { CommittedFiles, FileInPlace, OpenFile } from './local-files.ts'
import { createPlaceholders, tableNotLoaded } from './placeholder.ts'
import { type OpenedFile, queryFailure, replacedMeanwhile } from './query-failure.ts'
import { type QueryResult, queryResult, type ResultColumn } from './query-result.ts'
import { splitStatements } from './split-statements.ts'
import { tablesInSql, tablesNamedIn } from './tables-in-sql.ts'
import { qualified, selectFiles, viewName } from './view-sql.ts'

export interface OpenSessionOptions {
  /** The tables to show: those of `etl.json`, or of a day's manifest. */
  readonly tables: Readonly<Record<string, TableEntry>>
  readonly files: CommittedFiles
  /** In which days and hours are counted. Default UTC. */
  readonly timeZone?: string | undefined
  /** Default: DuckDB's own, 80 % of the machine's. */
  readonly memoryLimitBytes?: number | undefined
  /** Where what does not fit is spilled to. Default: nowhere, so that such a query fails. */
  readonly tempDirectory?: string | undefined
  /** Default: one per core. */
  readonly threads?: number | undefined
  /** Where DuckDB finds installed extensions. Default: its own place, `~/.duckdb/extensions`. */
  readonly extensionDirectory?: string | undefined
  /** For files that are read in place. */
  readonly httpfs?: HttpfsOptions | undefined
}

export interface RunQueryOptions {
  readonly signal?: AbortSignal | undefined
}

export interface Session {
  /**
   * Runs one or more statements; one result for each that answers with rows, in order. A table's files are opened and checked when a statement names it,
   * and stay the same until `close`, whatever is published meanwhile. Leaving early interrupts what is running.
   * @throws DwhError QUERY_FAILED with DuckDB's own message, DAMAGED, ABORTED
   */
  query(sql: string, options?: RunQueryOptions): AsyncGenerator<QueryResult>
  /** Runs one or more statements and holds the last answer whole; null when none answers with rows. */
  queryAll(
    sql: string,
    options?: RunQueryOptions,
  ): Promise<{ columns: readonly ResultColumn[]; rows: (readonly DuckDBValue[])[] } | null>
  /** Opens these tables now, or all of them. */
  load(tables?: readonly string[], options?: RunQueryOptions): Promise<void>
  /**
   * Shows these tables instead, from the next statement on: those of a later run, or of another day. What the session has made of its own stays. Call it between
   * two statements. False within a transaction, which goes on with what it began with.
   */
  show(tables: Readonly<Record<string, TableEntry>>): Promise<boolean>
  /** How an SQL text could go on at its end: names and keywords, the likeliest first, each in place of what follows `start`. Opens no file. */
  suggest(sql: string): Promise<{ text: string; start: number }[]>
  /** Gives back DuckDB and every file; safe to call twice. */
  close(): Promise<void>
}

/** Files opened, and hashed where that is needed, at once. */
const PARALLEL_OPENS = 4

/**
 * Opens a DuckDB in memory with one view per table. It needs no network, no extension and no credentials, and it writes nothing.
 *
 * @example
 * const { state } = await readState(store)
 * const files = localFiles({ store, readState: async () => (await readState(store)).state })
 * const session = await openSession({ tables: state.tables, files })
 * const answer = await session.queryAll('SELECT count(*) FROM customers')
 * await session.close()
 *
 * @throws DwhError NAME_CONFLICT for a table whose name DuckDB keeps for itself
 */
export async function openSession(options: OpenSessionOptions): Promise<Session> {
  const { files, timeZone = 'UTC' } = options
  let { tables } = options
  const instance = await DuckDBInstance.create(':memory:', {
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    temp_directory: options.tempDirectory ?? '',
    ...(options.memoryLimitBytes ? { memory_limit: `${options.memoryLimitBytes}B` } : {}),
    ...(options.threads ? { threads: String(options.threads) } : {}),
    ...(options.extensionDirectory ? { extension_directory: options.extensionDirectory } : {}),
  })
  const connection = await instance.connect()
  const loaded = new Map<string, Promise<void>>()
  const opened: (OpenedFile & { readonly table: string })[] = []
  let httpfs: Promise<void> | undefined
  let closed = false

  const failure = (error: unknown) => queryFailure(error, opened)

  async function needHttpfs({ otherwise }: FileInPlace): Promise<void> {
    httpfs ??= loadHttpfs(connection, options.httpfs ?? {})
    await httpfs.catch((cause) => {
      httpfs = undefined
      throw new DwhError(otherwise.code, otherwise.message, {
        hint: otherwise.hint,
        context: otherwise.context,
        cause,
      })
    })
  }

  async function loadTable(table: string, signal: AbortSignal | undefined): Promise<void> {
    const entry = tables[table] as TableEntry
    const own: OpenFile[] = []
    for (const file of entry.files) {
      const open = await files.open(file, signal)
      opened.push({ table, key: file.key, file: open })
      own.push(open)
      if (open.inPlace) await needHttpfs(open.inPlace)
    }
    const paths = own.map(({ path }) => path)
    const view = qualified(viewName(table))
    await connection.run(`CREATE OR REPLACE VIEW ${view} AS ${selectFiles(entry, paths)}`)
    const described = await connection.runAndReadAll(`SELECT column_name, column_type FROM (DESCRIBE ${view})`)
    for (const { inPlace } of own) if (inPlace && !(await inPlace.unchanged())) throw replacedMeanwhile(table)
    const found = described.getRows().map(([name, type]) => `${name} ${type}`)
    const promised = entry.columns.map(({ name, type }) => `${name} ${type}`)
    if (found.join('\n') === promised.join('\n')) return
    throw new DwhError(
      'DAMAGED',
      `${table}: its files have the columns ${found.join(', ')}, not ${promised.join(', ')}`,
    )
  }

  async function load(
    wanted: readonly string[] = Object.keys(tables),
    { signal }: RunQueryOptions = {},
  ): Promise<void> {
    const waiting = wanted.filter((table) => Object.hasOwn(tables, table)).values()
    async function worker(): Promise<void> {
      for (const table of waiting) {
        const loading = loaded.get(table) ?? loadTable(table, signal)
        loaded.set(table, loading)
        // a table that could not be opened may be asked for again
        await loading.catch((error) => {
          loaded.delete(table)
          throw failure(error)
        })
      }
    }
    await Promise.all(Array.from({ length: PARALLEL_OPENS }, worker))
  }

  /** Opens what a statement reads, before it begins. */
  async function loadFor(sql: string, options: RunQueryOptions): Promise<void> {
    if ((await connection.extractStatements(sql)).count === 1) {
      const wanted = await tablesInSql(connection, sql)
      throwIfAborted(options.signal, 'query')
      // one that was opened in a transaction which was rolled back is not opened any more
      for (const table of wanted) loaded.delete(table)
      return load(wanted, options)
    }
    // a PIVOT that takes its columns from the values has no plan before it runs; outside of a transaction it fails and begins again
    if (!(await inTransaction(connection))) return
    // one too many costs time; one that cannot be read may not even be meant
    for (const table of tablesNamedIn(sql, Object.keys(tables))) await load([table], options).catch(() => {})
  }

  /** Begins one statement, or a text that may be several; null when it answers without rows. */
  async function start(sql: string, one: boolean, options: RunQueryOptions): Promise<QueryResult | null> {
    if (one) await loadFor(sql, options)
    throwIfAborted(options.signal, 'query')
    const again = new Set<string>()
    for (;;) {
      try {
        const result = await connection.stream(sql)
        if (result.returnType !== ResultReturnType.QUERY_RESULT) return null
        return queryResult(result, await result.fetchChunk(), result.statementType === StatementType.EXPLAIN, failure)
      } catch (error) {
        throwIfAborted(options.signal, 'query')
        const table = tableNotLoaded(error)
        if (table === null || again.has(table)) throw failure(error)
        // one that was opened in a transaction which was rolled back is not opened any more
        loaded.delete(table)
        again.add(table)
        await load([table], options)
      }
    }
  }

  /** Whether DuckDB finds in the statements, one by one, what it finds in the text; a PIVOT is two for it. */
  async function areAsCounted(statements: readonly string[], sql: string): Promise<boolean> {
    const count = async (text: string) => (await connection.extractStatements(text)).count
    const all = await count(sql).catch((error) => {
      throw failure(error)
    })
    const each = await Promise.all(statements.map((statement) => count(statement).catch(() => 0)))
    return each.every((found) => found > 0) && each.reduce((sum, found) => sum + found, 0) === all
  }

  async function* query(sql: string, options: RunQueryOptions = {}): AsyncGenerator<QueryResult> {
    const { signal } = options
    throwIfAborted(signal, 'query')
    const stop = () => connection.interrupt()
    signal?.addEventListener('abort', stop)
    try {
      const statements = splitStatements(sql)
      if (statements.length === 0) return
      const one = await areAsCounted(statements, sql)
      // DuckDB counts; where it finds others than we do, it gets the text whole, and answers with its last statement
      for (const statement of one ? statements : [sql]) {
        throwIfAborted(signal, 'query')
        const result = await start(statement, one, options)
        if (result) yield stoppable(result, signal)
      }
    } finally {
      signal?.removeEventListener('abort', stop)
      stop()
    }
  }

  async function queryAll(sql: string, options: RunQueryOptions = {}) {
    let answer: { columns: readonly ResultColumn[]; rows: (readonly DuckDBValue[])[] } | null = null
    for await (const { columns, rows } of query(sql, options)) {
      const all: (readonly DuckDBValue[])[] = []
      for await (const batch of rows) for (const row of batch) all.push(row)
      answer = { columns, rows: all }
    }
    return answer
  }

  async function show(next: Readonly<Record<string, TableEntry>>): Promise<boolean> {
    if (await inTransaction(connection)) return false
    const changed = Object.keys({ ...tables, ...next }).filter((table) => !sameFiles(tables[table], next[table]))
    for (const table of changed) {
      await connection.run(`DROP VIEW IF EXISTS ${qualified(viewName(table))}`)
      loaded.delete(table)
    }
    await createPlaceholders(connection, pick(next, changed))
    tables = next
    const [[cached] = []] = (
      await connection.runAndReadAll(`SELECT current_setting('enable_external_file_cache')`)
    ).getRows()
    // the number of a descriptor may stand for another file now, and DuckDB remembers what it read by path: this forgets it
    for (const on of ['false', cached]) await connection.run(`SET GLOBAL enable_external_file_cache = ${on}`)
    const gone = opened.filter(({ table }) => changed.includes(table))
    for (const one of gone) {
      opened.splice(opened.indexOf(one), 1)
      await one.file.close()
    }
    return true
  }

  async function suggest(sql: string) {
    // in a transaction that has failed there is nothing to suggest, and nothing wrong with that
    const found = await connection
      .runAndReadAll(`SELECT suggestion, suggestion_start FROM sql_auto_complete(${quoteLiteral(sql)})`)
      .catch(() => null)
    return (found?.getRows() ?? []).map(([text, start]) => ({ text: String(text), start: Number(start) }))
  }

  async function close(): Promise<void> {
    if (closed) return
    closed = true
    for (const held of [connection, instance]) held.closeSync()
    for (const { file } of opened) await file.close()
  }

  try {
    await connection.run(`SET TimeZone = ${quoteLiteral(timeZone)}`)
    await createPlaceholders(connection, tables)
  } catch (error) {
    await close()
    throw failure(error)
  }
  return { query, queryAll, load, show, suggest, close }
}

function sameFiles(a: TableEntry | undefined, b: TableEntry | undefined): boolean {
  const files = (entry: TableEntry | undefined) => JSON.stringify(entry?.files.map(({ key, sha256 }) => [key, sha256]))
  return files(a) === files(b)
}

function pick<T>(from: Readonly<Record<string, T>>, names: readonly string[]): Record<string, T> {
  return Object.fromEntries(Object.entries(from).filter(([name]) => names.includes(name)))
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
