import type { DuckDBConnection } from '@duckdb/node-api'
import { DwhError, quoteIdentifier, quoteLiteral, type TableEntry, throwIfAborted } from '@dwh/core'
import { type HttpfsOptions, loadHttpfs } from './httpfs.ts'
import { inTransaction } from './in-transaction.ts'
import type { CommittedFiles, FileInPlace, OpenFile } from './local-files.ts'
import { missingTable } from './missing-table.ts'
import { createPlaceholders } from './placeholder.ts'
import { type OpenedFile, queryFailure, replacedMeanwhile } from './query-failure.ts'
import type { RunQueryOptions } from './session.ts'
import { tablesInSql, tablesNamedIn } from './tables-in-sql.ts'
import { CATALOG, type PublicSchema, publicSchema, qualified, selectFiles, viewName } from './view-sql.ts'

/** Files that are opened, and hashed if needed, in parallel. */
const PARALLEL_OPENS = 4

type Tables = Readonly<Record<string, TableEntry>>

export interface LoadedTablesOptions {
  readonly connection: DuckDBConnection
  readonly tables: Tables
  readonly files: Pick<CommittedFiles, 'open'>
  readonly httpfs: HttpfsOptions
}

/**
 * The tables of a session. Each is a view over files. The files are opened and verified when a statement names the
 * table, and held until `close`.
 */
export class LoadedTables {
  readonly #connection: DuckDBConnection
  readonly #files: Pick<CommittedFiles, 'open'>
  readonly #httpfsOptions: HttpfsOptions
  readonly #loaded = new Map<string, Promise<void>>()
  readonly #opened: (OpenedFile & { readonly table: string })[] = []
  #tables: Tables
  #home: PublicSchema
  #httpfs: Promise<void> | undefined

  constructor({ connection, tables, files, httpfs }: LoadedTablesOptions) {
    this.#connection = connection
    this.#tables = tables
    this.#home = publicSchema(tables)
    this.#files = files
    this.#httpfsOptions = httpfs
  }

  /** Creates a view for each table. */
  async create(): Promise<void> {
    await usePublicSchema(this.#connection, this.#home)
    await createPlaceholders(this.#connection, this.#tables, this.#home)
  }

  /** Converts an error of DuckDB to an error about the tables. */
  failure(error: unknown): DwhError {
    return queryFailure(error, this.#opened)
  }

  /** As `failure`; names the tables that could be meant by one that does not exist. */
  async explain(error: unknown): Promise<DwhError> {
    return (await missingTable(error, Object.keys(this.#tables), this.#connection)) ?? this.failure(error)
  }

  /** Opens these tables, or all tables. Does not change tables that are already open. */
  async load(wanted: readonly string[] = Object.keys(this.#tables), { signal }: RunQueryOptions = {}): Promise<void> {
    const waiting = wanted.filter((table) => Object.hasOwn(this.#tables, table)).values()
    const worker = async () => {
      for (const table of waiting) await this.#loadOnce(table, signal)
    }
    await Promise.all(Array.from({ length: PARALLEL_OPENS }, worker))
  }

  /** Opens a table again: a rollback also undoes the opening of a table in its transaction. */
  async reload(table: string, options: RunQueryOptions): Promise<void> {
    this.#loaded.delete(table)
    await this.load([table], options)
  }

  /** Opens the tables that a statement reads, before it begins. */
  async loadFor(sql: string, options: RunQueryOptions): Promise<void> {
    if ((await this.#connection.extractStatements(sql)).count === 1) {
      const wanted = await tablesInSql(this.#connection, sql, options.params !== undefined)
      throwIfAborted(options.signal, 'query')
      // a rollback also undoes the opening of a table in its transaction
      for (const table of wanted) this.#loaded.delete(table)
      return this.load(wanted, options)
    }
    // a PIVOT with columns from the values has no plan before it runs; outside a transaction it fails and is retried
    if (!(await inTransaction(this.#connection))) return
    // an extra table only costs time; a table that cannot be read may not be meant at all
    for (const table of tablesNamedIn(sql, Object.keys(this.#tables))) await this.load([table], options).catch(() => {})
  }

  /** Implements `Session.show`. */
  async show(next: Tables): Promise<boolean> {
    if (await inTransaction(this.#connection)) return false
    const before = this.#tables
    const home = publicSchema(next)
    const moved = home !== this.#home
    const changed = Object.keys({ ...before, ...next }).filter((name) => moved || !sameFiles(before[name], next[name]))
    for (const table of changed) {
      await this.#connection.run(`DROP VIEW IF EXISTS ${qualified(viewName(table, this.#home))}`)
      this.#loaded.delete(table)
    }
    if (moved) await usePublicSchema(this.#connection, home)
    await createPlaceholders(this.#connection, pick(next, changed), home)
    this.#tables = next
    this.#home = home
    await this.#forgetCachedFiles()
    for (const one of this.#opened.filter(({ table }) => changed.includes(table))) {
      this.#opened.splice(this.#opened.indexOf(one), 1)
      await one.file.close()
    }
    return true
  }

  /** Closes every file. */
  async close(): Promise<void> {
    for (const { file } of this.#opened) await file.close()
  }

  async #loadOnce(table: string, signal: AbortSignal | undefined): Promise<void> {
    const loading = this.#loaded.get(table) ?? this.#loadTable(table, signal)
    this.#loaded.set(table, loading)
    // a later statement may retry a table that could not be opened
    await loading.catch((error) => {
      this.#loaded.delete(table)
      throw this.failure(error)
    })
  }

  async #loadTable(table: string, signal: AbortSignal | undefined): Promise<void> {
    const entry = this.#tables[table] as TableEntry
    const own: OpenFile[] = []
    for (const file of entry.files) {
      const open = await this.#files.open(file, signal)
      this.#opened.push({ table, key: file.key, file: open })
      own.push(open)
      if (open.inPlace) await this.#needHttpfs(open.inPlace)
    }
    const paths = own.map(({ path }) => path)
    const view = qualified(viewName(table, this.#home))
    await this.#connection.run(`CREATE OR REPLACE VIEW ${view} AS ${selectFiles(entry, paths)}`)
    const described = await this.#connection.runAndReadAll(`SELECT column_name, column_type FROM (DESCRIBE ${view})`)
    for (const { inPlace } of own) if (inPlace && !(await inPlace.unchanged())) throw replacedMeanwhile(table)
    const found = described.getRows().map(([name, type]) => `${name} ${type}`)
    const promised = entry.columns.map(({ name, type }) => `${name} ${type}`)
    if (found.join('\n') === promised.join('\n')) return
    throw new DwhError(
      'DAMAGED',
      `${table}: its files have the columns ${found.join(', ')}, not ${promised.join(', ')}`,
    )
  }

  async #needHttpfs({ otherwise }: FileInPlace): Promise<void> {
    this.#httpfs ??= loadHttpfs(this.#connection, this.#httpfsOptions)
    await this.#httpfs.catch((cause) => {
      this.#httpfs = undefined
      throw new DwhError(otherwise.code, otherwise.message, {
        hint: otherwise.hint,
        context: otherwise.context,
        cause,
      })
    })
  }

  /** Clears DuckDB's cache by path: a reused descriptor number may now stand for another file. */
  async #forgetCachedFiles(): Promise<void> {
    const setting = await this.#connection.runAndReadAll(`SELECT current_setting('enable_external_file_cache')`)
    const [[cached] = []] = setting.getRows()
    for (const on of ['false', cached]) await this.#connection.run(`SET GLOBAL enable_external_file_cache = ${on}`)
  }
}

/** Makes the bare names of the tables of schema `public` known. */
async function usePublicSchema(connection: DuckDBConnection, home: PublicSchema): Promise<void> {
  await connection.run(`CREATE SCHEMA IF NOT EXISTS ${CATALOG}.${quoteIdentifier(home)}`)
  await connection.run(`SET search_path = ${quoteLiteral(`${CATALOG}.${home}`)}`)
}

function sameFiles(a: TableEntry | undefined, b: TableEntry | undefined): boolean {
  const files = (entry: TableEntry | undefined) => JSON.stringify(entry?.files.map(({ key, sha256 }) => [key, sha256]))
  return files(a) === files(b)
}

function pick<T>(from: Readonly<Record<string, T>>, names: readonly string[]): Record<string, T> {
  return Object.fromEntries(Object.entries(from).filter(([name]) => names.includes(name)))
}
