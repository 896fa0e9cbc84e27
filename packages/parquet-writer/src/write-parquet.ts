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
  /** Rows that were read, that DuckDB wrote, and that the footer counts: the three are equal. */
  readonly rows: number
  readonly bytes: number
}

export const DEFAULT_MAX_ROW_BYTES: number = 1024 * 1024

/** Row groups end at whichever comes first; DuckDB counts the bytes as it holds them, before encoding. */
const ROW_GROUP_ROWS = 122_880
const ROW_GROUP_BYTES = 64 * 1024 * 1024
/** Where rows are longer than by default: a few of them fill a row group, and each thread of a reader holds one. */
const ROW_GROUP_BYTES_OF_LONG_ROWS = 16 * 1024 * 1024

/** Marks, in DuckDB's error message, what `refusal` put there. */
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

/** How often DuckDB is asked how far it is. */
const PROGRESS_MS = 200
const PROGRESS_SETTINGS = [
  'SET enable_progress_bar = true',
  'SET enable_progress_bar_print = false',
  'SET progress_bar_time = 1',
]

interface Copied {
  /** As the source says. */
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
      // what was never begun or attached has nothing to end
      for (const statement of teardown) await connection.run(statement).catch(() => {})
    }
  })
}

/** `query`: its columns are `cell(0)`, `cell(1)`, ...; `value`: what becomes of each. */
function copyStatement(input: WriteParquetInput, query: string, value: (index: number) => string): string {
  const values = input.columns.map((column, index) => `${value(index)} AS ${quoteIdentifier(column.name)}`)
  const metadata = Object.entries(input.metadata ?? {}).map(
    ([key, value]) => `${quoteIdentifier(key)}: ${quoteLiteral(value)}`,
  )
  const longRows = (input.maxRowBytes ?? 0) > DEFAULT_MAX_ROW_BYTES
  const rowGroupBytes = longRows ? ROW_GROUP_BYTES_OF_LONG_ROWS : ROW_GROUP_BYTES
  return `COPY (
    SELECT ${values.join(',\n')}
    FROM (${query})
  ) TO ${quoteLiteral(input.path)} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 3, PARQUET_VERSION v1,
    ROW_GROUP_SIZE ${ROW_GROUP_ROWS}, ROW_GROUP_SIZE_BYTES ${rowGroupBytes}${metadata.length ? `, KV_METADATA {${metadata.join(', ')}}` : ''})`
}

/** The value of a column that comes as text, or an error that says which it is and in which row. */
function strictValue(input: WriteParquetInput, index: number): string {
  const { type } = input.columns[index] as ParquetColumn
  return parseStrictly(type, cellSql(input, index), (text) => refusal(input, index, text))
}

function cellSql(input: WriteParquetInput, index: number): string {
  if (!input.columns[index]?.utf8Bytes) return cell(index)
  return `decode(${parseStrictly('BLOB', cell(index), (text) => refusal(input, index, text))})`
}

/**
 * The value of a column that comes as its type. Postgres's last thirty years of timestamps do not fit into DuckDB's 64 bits, and come around to before there were any.
 */
function typedValue(input: WriteParquetInput, index: number): string {
  const { type } = input.columns[index] as ParquetColumn
  const value = `${cell(index)}::${type}`
  if (type !== 'TIMESTAMP' && type !== 'TIMESTAMP WITH TIME ZONE') return value
  const wrapped = `${value} < '4800-01-01 (BC)'::${type} AND isfinite(${value})`
  return `CASE WHEN ${wrapped} THEN error(${refusal(input, index, `'beyond the year 294246'`)})::${type} ELSE ${value} END`
}

/** An expression for the error that names a value and its row; DuckDB's own names neither. */
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
    // as DuckDB compares names: ASCII letters without case, all others exactly
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
    throw new DwhError('WRITE_FAILED', `${path}: there is a file already`, {
      hint: 'Write to a new name, then rename.',
    })
}
