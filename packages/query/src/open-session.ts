import { DuckDBInstance } from '@duckdb/node-api'
import { quoteLiteral, type TableEntry } from '@dwh/core'
import type { HttpfsOptions } from './httpfs.ts'
import { LoadedTables } from './loaded-tables.ts'
import type { CommittedFiles } from './local-files.ts'
import { OpenedSession } from './opened-session.ts'
import type { Session } from './session.ts'

export interface OpenSessionOptions {
  /** The tables to show, from `etl.json` or from a day's manifest. */
  readonly tables: Readonly<Record<string, TableEntry>>
  readonly files: Pick<CommittedFiles, 'open'>
  /** The time zone for days and hours. Default UTC. */
  readonly timeZone?: string | undefined
  /** Default: DuckDB's default, 80 % of the machine's memory. */
  readonly memoryLimitBytes?: number | undefined
  /**
   * Folder for data that exceeds the memory limit, and for the pipes of `export`. Default: none. Then such a query
   * fails, and `export` is slower and writes no Parquet.
   */
  readonly tempDirectory?: string | undefined
  /** Default: one per core. */
  readonly threads?: number | undefined
  /** Folder of installed DuckDB extensions. Default: `~/.duckdb/extensions`. */
  readonly extensionDirectory?: string | undefined
  /** For files that are read in place. */
  readonly httpfs?: HttpfsOptions | undefined
}

/**
 * Opens an in-memory DuckDB with one view per table. It needs no network, extension or credentials, and writes nothing.
 *
 * @example
 * const { state } = await readState(store)
 * const files = localFiles({ store, readState: async () => (await readState(store)).state })
 * const session = await openSession({ tables: state.tables, files })
 * const answer = await session.queryAll('SELECT count(*) FROM customers')
 * await session.close()
 *
 * @throws DwhError NAME_CONFLICT for a table whose name DuckDB reserves
 */
export async function openSession(options: OpenSessionOptions): Promise<Session> {
  const { tables, files, timeZone = 'UTC' } = options
  const instance = await DuckDBInstance.create(':memory:', {
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    temp_directory: options.tempDirectory ?? '',
    ...(options.memoryLimitBytes ? { memory_limit: `${options.memoryLimitBytes}B` } : {}),
    ...(options.threads ? { threads: String(options.threads) } : {}),
    ...(options.extensionDirectory ? { extension_directory: options.extensionDirectory } : {}),
  })
  const connection = await instance.connect()
  const loaded = new LoadedTables({ connection, tables, files, httpfs: options.httpfs ?? {} })
  const session = new OpenedSession(instance, connection, loaded, options.tempDirectory ?? null)
  try {
    // DuckDB only counts when it has a progress bar; it is not to print it
    await connection.run('SET enable_progress_bar = true')
    await connection.run('SET enable_progress_bar_print = false')
    await connection.run(`SET TimeZone = ${quoteLiteral(timeZone)}`)
    await loaded.create()
  } catch (error) {
    await session.close()
    throw loaded.failure(error)
  }
  return session
}
