import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { type ColumnType, elementType, quoteIdentifier, quoteLiteral } from '@dwh/core'
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'

export interface ReadColumn {
  readonly name: string
  readonly type: ColumnType
}

/** A value as text that Postgres accepts for its type; a list is a JSON array of these. */
export type Text = string | null

/** Reads all rows of a file, each value as text, with one of two readers that share no code. */
export type Reader = (path: string, columns: readonly ReadColumn[]) => Promise<Record<string, Text>[]>

export const READERS: Readonly<Record<string, Reader>> = { duckdb: byDuckdb, hyparquet: byHyparquet }

async function byDuckdb(path: string, columns: readonly ReadColumn[]): Promise<Record<string, Text>[]> {
  const connection = await (await DuckDBInstance.create()).connect()
  try {
    const texts = columns.map(({ name, type }) => {
      const [element, column] = [elementType(type), quoteIdentifier(name)]
      const text =
        element === null
          ? duckdbText(type, column)
          : `to_json(list_transform(${column}, lambda x: ${duckdbText(element, 'x')}))::VARCHAR`
      return `encode(${text}) AS ${column}`
    })
    const file = `read_parquet(${quoteLiteral(path)})`
    await checkTypes(connection, file, columns)
    const reader = await connection.runAndReadAll(`SELECT ${texts.join(', ')} FROM ${file}`)
    // as bytes, since the client removes a U+FEFF at the beginning of a text
    return reader.getRowObjects().map((row) =>
      Object.fromEntries(
        Object.entries(row).map(([name, value]) => {
          const bytes = value as { bytes: Uint8Array } | null
          return [name, bytes === null ? null : Buffer.from(bytes.bytes).toString('utf8')]
        }),
      ),
    )
  } finally {
    connection.closeSync()
  }
}

async function checkTypes(connection: DuckDBConnection, file: string, columns: readonly ReadColumn[]): Promise<void> {
  const found = await connection.runAndReadAll(`SELECT column_type FROM (DESCRIBE SELECT * FROM ${file})`)
  const types = found.getRows().map(([type]) => String(type))
  const expected = columns.map(({ type }) => type)
  if (types.join() !== expected.join()) throw new Error(`types in the file: ${types.join()}, not ${expected.join()}`)
}

function duckdbText(type: ColumnType, value: string): string {
  const text = `${value}::VARCHAR`
  if (type === 'BLOB') return `'\\x' || lower(hex(${value}))`
  // DuckDB prints years before 1 as `0044-03-15 (BC)`
  if (type === 'DATE') return `replace(${text}, '(BC)', 'BC')`
  // DuckDB prints the last timestamps a millisecond too late
  if (type === 'TIMESTAMP WITH TIME ZONE')
    return `CASE WHEN isinf(${value}) THEN ${text} ELSE ${duckdbText('TIMESTAMP', `make_timestamp(epoch_us(${value}))`)} || '+00' END`
  if (type === 'TIMESTAMP') return `regexp_replace(${text}, '^(.*) \\(BC\\)(.*)$', '\\1\\2 BC')`
  return text
}

async function byHyparquet(path: string, columns: readonly ReadColumn[]): Promise<Record<string, Text>[]> {
  const file = await asyncBufferFromFile(path)
  const metadata = await parquetMetadataAsync(file)
  // hyparquet returns decimals as doubles: read the integers below them
  for (const element of metadata.schema) if (element.converted_type === 'DECIMAL') delete element.converted_type
  const same = <T>(value: T) => value
  const parsers = {
    timestampFromMilliseconds: same,
    timestampFromMicroseconds: same,
    timestampFromNanoseconds: same,
    dateFromDays: same,
    jsonFromBytes: (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString('utf8'),
    stringFromBytes: same,
  }
  const rows = await parquetReadObjects({
    file,
    metadata,
    compressors,
    // biome-ignore lint/suspicious/noExplicitAny: the parsers return their input, unlike their types
    parsers: parsers as any,
  })
  return rows.map((row) =>
    Object.fromEntries(
      columns.map(({ name, type }) => {
        const [value, element] = [row[name], elementType(type)]
        if (value == null) return [name, null]
        if (element === null) return [name, hyparquetText(type, value)]
        const items = [...value].map((item) => (item == null ? null : hyparquetText(element, item)))
        return [name, JSON.stringify(items)]
      }),
    ),
  )
}

function hyparquetText(type: ColumnType, value: unknown): string {
  if (value instanceof Uint8Array && type.startsWith('DECIMAL')) return decimalText(type, signed(value))
  if (value instanceof Uint8Array) {
    const bytes = Buffer.from(value)
    return type === 'BLOB' ? `\\x${bytes.toString('hex')}` : bytes.toString('utf8')
  }
  if (type.startsWith('DECIMAL')) return decimalText(type, BigInt(value as number))
  if (type === 'DATE') return dateText(BigInt(value as number), 2n ** 31n - 1n)
  if (type === 'TIME') return timeText(value as bigint)
  if (type.startsWith('TIMESTAMP')) return momentText(value as bigint)
  return Object.is(value, -0) ? '-0' : String(value)
}

/** Decodes two's complement, the most significant byte first. */
function signed(bytes: Uint8Array): bigint {
  return BigInt.asIntN(bytes.length * 8, BigInt(`0x${Buffer.from(bytes).toString('hex')}`))
}

function decimalText(type: ColumnType, unscaled: bigint): string {
  const scale = Number(/,(\d+)\)/.exec(type)?.[1])
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0')
  const point = digits.length - scale
  return `${unscaled < 0n ? '-' : ''}${digits.slice(0, point)}${scale === 0 ? '' : `.${digits.slice(point)}`}`
}

/**
 * Converts days since 1970 to a date in the proleptic Gregorian calendar.
 * http://howardhinnant.github.io/date_algorithms.html#civil_from_days
 */
function dateText(days: bigint, infinity: bigint): string {
  if (days === infinity) return 'infinity'
  if (days === -infinity) return '-infinity'
  const shifted = days + 719_468n
  const era = (shifted >= 0n ? shifted : shifted - 146_096n) / 146_097n
  const dayOfEra = shifted - era * 146_097n
  const yearOfEra = (dayOfEra - dayOfEra / 1460n + dayOfEra / 36_524n - dayOfEra / 146_096n) / 365n
  const dayOfYear = dayOfEra - (365n * yearOfEra + yearOfEra / 4n - yearOfEra / 100n)
  const shiftedMonth = (5n * dayOfYear + 2n) / 153n
  const day = dayOfYear - (153n * shiftedMonth + 2n) / 5n + 1n
  const month = shiftedMonth < 10n ? shiftedMonth + 3n : shiftedMonth - 9n
  const year = yearOfEra + era * 400n + (month <= 2n ? 1n : 0n)
  const [shownYear, suffix] = year > 0n ? [year, ''] : [1n - year, ' BC']
  return `${pad(shownYear, 4)}-${pad(month, 2)}-${pad(day, 2)}${suffix}`
}

function timeText(micros: bigint): string {
  const seconds = micros / 1_000_000n
  return `${pad(seconds / 3600n, 2)}:${pad((seconds / 60n) % 60n, 2)}:${pad(seconds % 60n, 2)}.${pad(micros % 1_000_000n, 6)}`
}

function momentText(micros: bigint): string {
  const [infinity, day] = [2n ** 63n - 1n, 86_400_000_000n]
  if (micros === infinity) return 'infinity'
  if (micros === -infinity) return '-infinity'
  const inDay = ((micros % day) + day) % day
  const date = dateText((micros - inDay) / day, infinity)
  return date.endsWith(' BC') ? `${date.slice(0, -3)} ${timeText(inDay)} BC` : `${date} ${timeText(inDay)}`
}

const pad = (value: bigint, length: number) => value.toString().padStart(length, '0')
