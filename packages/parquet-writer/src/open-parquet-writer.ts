import { randomBytes } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { type ProofLevel, type TableProof, temporaryFolderName } from '@dwh/core'
import { writeFailure } from './duckdb-errors.ts'
import { limiter } from './limiter.ts'
import type { ParquetColumn, WriteParquetInput } from './parquet-input.ts'
import { proveFile } from './prove-file.ts'
import { largestRowGroup, type ParquetFooter, readFooter } from './read-footer.ts'
import { DEFAULT_MAX_ROW_BYTES, type WrittenParquet, writeParquet } from './write-parquet.ts'

export interface ParquetWriterOptions {
  /**
   * Folder for pipes and for what DuckDB spills; created if missing. The writer works in a subfolder of its own, which
   * `close` removes.
   */
  readonly tempDirectory: string
  /**
   * Maximum memory of DuckDB, over all tables that are written at once; rows of more than 1 MiB need additional memory,
   * see `maxRowBytes`. Default 1 GiB.
   */
  readonly memoryLimitBytes?: number
  /** Folder of DuckDB's extensions. Default `~/.duckdb/extensions`. Nothing is ever downloaded. */
  readonly extensionDirectory?: string | undefined
  /** Number of DuckDB's threads, over all tables. Default: one per core. */
  readonly threads?: number
  /**
   * Number of tables to write at once; others wait. Each occupies one thread of libuv's pool meanwhile, and at least
   * one thread has to stay free for everything else in the process. Default 3, which leaves one of Node's four; to go
   * above, start Node with a larger UV_THREADPOOL_SIZE.
   */
  readonly concurrentWrites?: number
}

export interface ParquetWriter {
  /**
   * Writes rows, CSV or a table that DuckDB reads by itself to one Parquet file (zstd level 3, format V1) with exactly
   * the given columns; no rows give a typed empty file.
   * Memory is bounded by `memoryLimitBytes` and `maxRowBytes`, whatever the number of rows. Any number of tables may be
   * requested at once.
   * On failure, abort and early end nothing is left at `path`, and the iterator of the rows has been returned.
   * The file is complete but not synced to disk: the code that publishes it does that.
   * @throws DwhError VALUE_REFUSED, ROW_TOO_LARGE, NAME_CONFLICT, PROOF_FAILED, WRITE_FAILED, ABORTED, and whatever the
   * rows throw
   */
  write(input: WriteParquetInput): Promise<WrittenParquet>
  /**
   * Measures a Parquet file as `measuresOf` defines, by reading all of it; with `hash` also hashes its rows. Default
   * `columns`.
   * @throws DwhError WRITE_FAILED
   */
  prove(path: string, columns: readonly ParquetColumn[], level?: Exclude<ProofLevel, 'counts'>): Promise<TableProof>
  /**
   * Reads the footer of a Parquet file, and nothing else of it.
   * @throws DwhError WRITE_FAILED for a file that is not Parquet
   */
  inspect(path: string): Promise<ParquetFooter>
  /** Returns why DuckDB cannot load an extension, such as `NativeData` needs; null if it can. */
  whyNotLoaded(extension: string): Promise<string | null>
  /** Closes DuckDB and removes the temporary folder; safe to call twice. Running writes fail. */
  close(): Promise<void>
}

const DEFAULT_CONCURRENT_WRITES = 3
/** A larger row group contains long rows: others stay far below this. */
const MOST_ROW_GROUP_BYTES = 128 * 1024 * 1024
/** Copies of a row in memory: in buffers, as values, in a row group, and encoded. */
const ROWS_IN_MEMORY = 8
const DEFAULT_MEMORY_LIMIT_BYTES = 1024 * 1024 * 1024

/**
 * Opens a DuckDB of its own for writing Parquet files.
 *
 * @example
 * const writer = await openParquetWriter({ tempDirectory: '/var/tmp' })
 * try {
 *   const columns = [{ name: 'id', type: 'INTEGER' }, { name: 'paid', type: 'DECIMAL(10,2)' }] as const
 *   const rows = (async function* () { yield [[1, '19.90'], [2, null]] })()
 *   await writer.write({ path: 'orders.parquet', columns, data: { rows } })
 * } finally {
 *   await writer.close()
 * }
 *
 * @throws DwhError WRITE_FAILED if the temporary folder cannot be created
 */
export async function openParquetWriter(options: ParquetWriterOptions): Promise<ParquetWriter> {
  const folder = await makeFolder(resolve(options.tempDirectory))
  const settings = {
    temp_directory: join(folder, 'spill'),
    ...(options.extensionDirectory ? { extension_directory: options.extensionDirectory } : {}),
    preserve_insertion_order: 'false',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  }
  const instance = await DuckDBInstance.create(':memory:', {
    ...settings,
    // returns memory to the system before the proof, or the next table, needs its own
    allocator_flush_threshold: '16MiB',
    allocator_bulk_deallocation_flush_threshold: '16MiB',
    memory_limit: `${options.memoryLimitBytes ?? DEFAULT_MEMORY_LIMIT_BYTES}B`,
    ...(options.threads ? { threads: String(options.threads) } : {}),
  })
  const inTurn = limiter(options.concurrentWrites ?? DEFAULT_CONCURRENT_WRITES)
  const longRowsInTurn = limiter(1)
  let closed = false
  /** The connection that writes or reads long rows now. */
  let longRows: DuckDBConnection | null = null

  /**
   * Runs work on long rows: a DuckDB with one thread, which holds one row at a time, and one table at a time. Its
   * memory limit is higher than its memory: a buffer counts as a whole, however little it contains.
   */
  function forLongRows<T>(rowBytes: number, work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    const inItsTurn = () =>
      inTurn(async () => {
        const memory = DEFAULT_MEMORY_LIMIT_BYTES + ROWS_IN_MEMORY * rowBytes
        const own = await DuckDBInstance.create(':memory:', { ...settings, threads: '1', memory_limit: `${memory}B` })
        try {
          const connection = await own.connect()
          longRows = connection
          try {
            return await work(connection)
          } finally {
            longRows = null
            connection.closeSync()
          }
        } finally {
          own.closeSync()
        }
      })
    return longRowsInTurn(inItsTurn)
  }

  /** Runs work in turn, on a connection of its own. */
  function onConnection<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    return inTurn(async () => {
      const connection = await instance.connect()
      try {
        return await work(connection)
      } finally {
        connection.closeSync()
      }
    })
  }

  return {
    write(input) {
      const pipe = join(folder, randomBytes(8).toString('hex'))
      const { data, maxRowBytes = 0 } = input
      const write = (connection: DuckDBConnection) => writeParquet(connection, pipe, input)
      return 'native' in data || maxRowBytes <= DEFAULT_MAX_ROW_BYTES
        ? onConnection(write)
        : forLongRows(maxRowBytes, write)
    },
    async prove(path, columns, level = 'columns') {
      try {
        const bytes = await onConnection((connection) => largestRowGroup(connection, path))
        const measure = (connection: DuckDBConnection) => proveFile(connection, path, columns, level)
        return bytes <= MOST_ROW_GROUP_BYTES ? await onConnection(measure) : await forLongRows(bytes, measure)
      } catch (error) {
        throw writeFailure(error, path)
      }
    },
    inspect: (path) =>
      onConnection((connection) =>
        readFooter(connection, path).catch((error) => {
          throw writeFailure(error, path)
        }),
      ),
    whyNotLoaded: (extension) =>
      onConnection(async (connection) => {
        try {
          await connection.run(`LOAD ${extension}`)
          return null
        } catch (error) {
          const [reason = ''] = (error instanceof Error ? error.message : String(error)).split('\n')
          return /not found/.test(reason)
            ? `DuckDB extension ${extension} is not installed`
            : `DuckDB cannot load the extension ${extension}: ${reason}`
        }
      }),
    async close() {
      if (closed) return
      closed = true
      longRows?.interrupt()
      instance.closeSync()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function makeFolder(tempDirectory: string): Promise<string> {
  try {
    await mkdir(tempDirectory, { recursive: true })
    const folder = join(tempDirectory, temporaryFolderName('write'))
    await mkdir(folder, { mode: 0o700 })
    return folder
  } catch (error) {
    throw writeFailure(error, tempDirectory)
  }
}
