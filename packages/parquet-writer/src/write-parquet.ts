import { rm, stat } from 'node:fs/promises'
import type { DuckDBConnection } from '@duckdb/node-api'
import {
  type BulkText,
  DwhError,
  isColumnType,
  isDwhError,
  type NativeData,
  quoteIdentifier,
  quoteLiteral,
  type RowData,
  throwIfAborted,
} from '@dwh/core'
import { refuse } from './checked-text.ts'
import { nativeFailure, writeFailure } from './duckdb-errors.ts'
import type { ParquetColumn, WriteParquetInput } from './parquet-input.ts'
import { parseStrictly } from './parse-text.ts'
import { countRows } from './read-footer.ts'
import { cell, copiedText, longRowText, rowText, type TextInput } from './text-input.ts'

export interface WrittenParquet {
  readonly path: string
  /** Number of rows read, written by DuckDB, and counted in the footer: all three are equal. */
  readonly rows: number
  readonly bytes: number
}

export const DEFAULT_MAX_ROW_BYTES: number = 1024 * 1024

/** A row group ends at whichever limit comes first; DuckDB counts the bytes in memory, before encoding. */
const ROW_GROUP_ROWS = 122_880
const ROW_GROUP_BYTES = 64 * 1024 * 1024
/** For longer rows than the default: a few of them fill a row group, and each thread of a reader holds one. */
const ROW_GROUP_BYTES_OF_LONG_ROWS = 16 * 1024 * 1024

/** Marks the text of `refusal` in an error message of DuckDB. */
const REFUSED = 'dwh-refused'

/** Writes one table on `connection`, through a pipe at `pipePath`. See `ParquetWriter.write`. */
export async function writeParquet(
  connection: DuckDBConnection,
  pipePath: string,
  input: WriteParquetInput,
): Promise<WrittenParquet> {
  checkColumns(input.columns)
  await checkAbsent(input.path)
  const { data, signal, maxRowBytes = DEFAULT_MAX_ROW_BYTES } = input
  const stop = () => connection.interrupt()
  signal?.addEventListener('abort', stop)
  try {
    throwIfAborted(signal, input.path)
    const copied =
      'native' in data
        ? await copyNative(connection, input, data)
        : await copyText(connection, pipePath, input, textInput(data, input, maxRowBytes))
    throwIfAborted(signal, input.path)
    const counts = { ...copied, inFooter: await countRows(connection, input.path) }
    if (counts.written !== counts.read || counts.inFooter !== counts.read) {
      throw new DwhError(
        'PROOF_FAILED',
        `${input.path}: ${counts.read} rows read, ${counts.written} written, ${counts.inFooter} in the file`,
        {
          hint: 'The file was removed. This should never happen: please report it, with the columns of the table.',
          context: counts,
        },
      )
    }
    return { path: input.path, rows: counts.read, bytes: (await stat(input.path)).size }
  } catch (error) {
    await rm(input.path, { force: true })
    throwIfAborted(signal, input.path)
    throw isDwhError(error) ? error : (refusedValue(error, input.columns) ?? writeFailure(error, input.path))
  } finally {
    signal?.removeEventListener('abort', stop)
  }
}

/** Interval of the progress queries. */
const PROGRESS_MS = 200
const PROGRESS_SETTINGS = [
  'SET enable_progress_bar = true',
  'SET enable_progress_bar_print = false',
  'SET progress_bar_time = 1',
]

interface Copied {
  /** Number of rows according to the source. */
  readonly read: number
  readonly written: number
}

function textInput(data: BulkText | RowData, input: WriteParquetInput, maxRowBytes: number): TextInput {
  if (maxRowBytes > DEFAULT_MAX_ROW_BYTES) return longRowText(data, input, maxRowBytes)
  return 'bulkText' in data ? copiedText(data, input, maxRowBytes) : rowText(data, input, maxRowBytes)
}

async function copyText(
  connection: DuckDBConnection,
  pipePath: string,
  input: WriteParquetInput,
  text: TextInput,
): Promise<Copied> {
  const value = (index: number) => (text.isText(index) ? strictValue(input, index) : typedValue(input, index))
  const result = await text.feed(pipePath, (query) => connection.run(copyStatement(input, query, value)))
  return { read: text.rows(), written: result.rowsChanged }
}

function copyNative(connection: DuckDBConnection, input: WriteParquetInput, data: NativeData): Promise<Copied> {
  return data.native(async ({ extension, setup, query, asText, teardown }, ended) => {
    const stop = () => connection.interrupt()
    ended?.addEventListener('abort', stop)
    const timer = setInterval(() => {
      const { percentage } = connection.progress
      if (percentage > 0) input.onProgress?.({ rows: Math.round((data.sent() * percentage) / 100), bytes: 0 })
    }, PROGRESS_MS)
    let connected = false
    try {
      for (const setting of PROGRESS_SETTINGS) await connection.run(setting)
      await connection.run(`LOAD ${extension}`)
      for (const statement of setup) await connection.run(statement)
      connected = true
      const value = (index: number) => (asText[index] ? strictValue(input, index) : typedValue(input, index))
      const result = await connection.run(copyStatement(input, query, value))
      return { read: data.sent(), written: result.rowsChanged }
    } catch (error) {
      throw refusedValue(error, input.columns) ?? nativeFailure(error, setup, connected)
    } finally {
      clearInterval(timer)
      ended?.removeEventListener('abort', stop)
      // transactions that were never begun and databases that were never attached need no end
      for (const statement of teardown) await connection.run(statement).catch(() => {})
    }
  })
}

/** `query`: has the columns `cell(0)`, `cell(1)`, ...; `value`: the expression for each. */
function copyStatement(input: WriteParquetInput, query: string, value: (index: number) => string): string {
  const values = input.columns.map((column, index) => `${value(index)} AS ${quoteIdentifier(column.name)}`)
  const metadata = Object.entries(input.metadata ?? {}).map(
    ([key, value]) => `${quoteIdentifier(key)}: ${quoteLiteral(value)}`,
  )
  const longRows = (input.maxRowBytes ?? 0) > DEFAULT_MAX_ROW_BYTES
  const kvMetadata = metadata.length ? `, KV_METADATA {${metadata.join(', ')}}` : ''
  const rowGroupBytes = longRows ? ROW_GROUP_BYTES_OF_LONG_ROWS : ROW_GROUP_BYTES
  return `COPY (
    SELECT ${values.join(',\n')}
    FROM (${query})
  ) TO ${quoteLiteral(input.path)} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 3, PARQUET_VERSION v1,
    ROW_GROUP_SIZE ${ROW_GROUP_ROWS}, ROW_GROUP_SIZE_BYTES ${rowGroupBytes}${fieldIds(input.columns)}${kvMetadata})`
}

/** https://duckdb.org/docs/stable/data/parquet/overview#writing-to-parquet-files */
function fieldIds(columns: readonly ParquetColumn[]): string {
  // DuckDB refuses ids for a table with a column of that name
  if (columns.some(({ id, name }) => id === undefined || name.toLowerCase() === FIELD_ID)) return ''
  const ids = columns.map(({ name, id, elementId }) => {
    const own = elementId === undefined ? id : `{${FIELD_ID}: ${id}, element: ${elementId}}`
    return `${quoteIdentifier(name)}: ${own}`
  })
  return `, FIELD_IDS {${ids.join(', ')}}`
}

const FIELD_ID = '__duckdb_field_id'

/** The value of a column that arrives as text, or an error that names the column and the row. */
function strictValue(input: WriteParquetInput, index: number): string {
  const { type } = input.columns[index] as ParquetColumn
  return parseStrictly(type, cellSql(input, index), (text) => refusal(input, index, text))
}

function cellSql(input: WriteParquetInput, index: number): string {
  if (!input.columns[index]?.utf8Bytes) return cell(index)
  return `decode(${parseStrictly('BLOB', cell(index), (text) => refusal(input, index, text))})`
}

/**
 * The value of a column that arrives as its type. The last thirty years of Postgres's timestamps exceed DuckDB's 64
 * bits, and wrap around to before the first ones.
 */
function typedValue(input: WriteParquetInput, index: number): string {
  const { type } = input.columns[index] as ParquetColumn
  const value = `${cell(index)}::${type}`
  if (type !== 'TIMESTAMP' && type !== 'TIMESTAMP WITH TIME ZONE') return value
  const wrapped = `${value} < '4800-01-01 (BC)'::${type} AND isfinite(${value})`
  return `CASE WHEN ${wrapped} THEN error(${refusal(input, index, `'beyond the year 294246'`)})::${type} ELSE ${value} END`
}

/** The expression of an error that names a value and its row; DuckDB's own errors name neither. */
function refusal(input: WriteParquetInput, index: number, text: string): string {
  const keys = (input.key ?? []).map((name) => {
    const at = input.columns.findIndex((column) => column.name === name)
    return at < 0 ? null : `${quoteLiteral(`${name}=`)} || coalesce(${cell(at)}::VARCHAR, 'NULL')`
  })
  const row = keys.length > 0 && !keys.includes(null) ? keys.join(` || ', ' || `) : `''`
  return `${quoteLiteral(REFUSED)} || to_json([${quoteLiteral(String(index))}, ${text}, ${row}])`
}

function refusedValue(error: unknown, columns: readonly ParquetColumn[]): DwhError | null {
  const report = new RegExp(`${REFUSED}(\\[.*\\])`, 's').exec(error instanceof Error ? error.message : '')
  if (!report) return null
  const [index, value, row] = JSON.parse(report[1] as string) as [string, string, string]
  return refuse(columns[Number(index)] as ParquetColumn, value, row ? ` (row with ${row})` : '')
}

function checkColumns(columns: readonly ParquetColumn[]): void {
  const seen = new Map<string, string>()
  for (const { name, type } of columns) {
    if (!isColumnType(type))
      throw new DwhError('WRITE_FAILED', `column ${name}: ${JSON.stringify(type)} is not a column type`)
    // DuckDB compares ASCII letters without case, all others exactly
    const key = name.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
    const other = seen.get(key)
    if (other !== undefined) {
      throw new DwhError(
        'NAME_CONFLICT',
        `columns ${JSON.stringify(other)} and ${JSON.stringify(name)} differ in case only`,
        {
          hint: 'Rename or leave out one of them.',
        },
      )
    }
    seen.set(key, name)
  }
  if (seen.size === 0) throw new DwhError('WRITE_FAILED', 'a Parquet file needs at least one column')
}

async function checkAbsent(path: string): Promise<void> {
  const there = await stat(path).catch(() => null)
  if (there)
    throw new DwhError('WRITE_FAILED', `${path}: file exists`, {
      hint: 'Write to a new name, then rename.',
    })
}
