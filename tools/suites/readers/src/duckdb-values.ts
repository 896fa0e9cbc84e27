import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { type ColumnType, columnTypeRow, elementType, quoteIdentifier, quoteLiteral, type ScalarType } from '@dwh/core'
import { type ExactText, type File, floatText, listText, plainNumber } from './values.ts'

/** The values that DuckDB holds, by file and column, in the order of `id`: what every reader has to get. */
export async function duckdbValues(
  files: Readonly<Record<string, File>>,
): Promise<Readonly<Record<string, Readonly<Record<string, readonly ExactText[]>>>>> {
  const instance = await DuckDBInstance.create()
  const connection = await instance.connect()
  try {
    const found: Record<string, Record<string, readonly ExactText[]>> = {}
    for (const [name, { path, types }] of Object.entries(files)) {
      found[name] = {}
      for (const [column, type] of Object.entries(types))
        found[name][column] = await values(connection, path, column, type)
    }
    return found
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

async function values(
  connection: DuckDBConnection,
  path: string,
  column: string,
  type: ColumnType,
): Promise<ExactText[]> {
  const element = elementType(type)
  const name = quoteIdentifier(column)
  const shown =
    element === null
      ? textSql(type as ScalarType, name)
      : `to_json(list_transform(${name}, lambda x: ${textSql(element, 'x')}))::VARCHAR`
  const reader = await connection.runAndReadAll(
    `SELECT typeof(${name}), ${shown} FROM read_parquet(${quoteLiteral(path)}) ORDER BY id`,
  )
  return reader.getRows().map(([found, text]) => {
    if (found !== type) throw new Error(`${path}: ${column} is ${found}, not ${type}`)
    if (text === null) return null
    if (element === null) return exactText(type as ScalarType, String(text))
    const items = JSON.parse(String(text)) as (string | null)[]
    return listText(items.map((item) => (item === null ? null : exactText(element, item))))
  })
}

/** Texts and bytes in hex, since the client takes a U+FEFF off the beginning of a text. */
function textSql(type: ScalarType, value: string): string {
  switch (columnTypeRow(type).kind) {
    case 'text':
    case 'json':
      return `lower(hex(encode(${value}::VARCHAR)))`
    case 'bytes':
      return `lower(hex(${value}))`
    case 'day':
      return `CASE WHEN isinf(${value}) THEN ${value}::VARCHAR ELSE (${value} - DATE '1970-01-01')::VARCHAR END`
    case 'moment':
      return `CASE WHEN isinf(${value}) THEN ${value}::VARCHAR ELSE epoch_us(${value})::VARCHAR END`
    case 'time':
      return `epoch_us(${value})::VARCHAR`
    case 'float':
      return `${value}::DOUBLE::VARCHAR`
    default:
      return `${value}::VARCHAR`
  }
}

const KINDS = {
  truth: 'truth',
  whole: 'number',
  decimal: 'number',
  text: 'text',
  json: 'text',
  bytes: 'bytes',
  id: 'uuid',
  day: 'day',
  time: 'time',
  moment: 'moment',
} as const

function exactText(type: ScalarType, text: string): string {
  const { kind } = columnTypeRow(type)
  if (kind === 'float') return floatText(Number(text.replace('inf', 'Infinity').replace('nan', 'NaN')))
  return `${KINDS[kind]} ${kind === 'decimal' ? plainNumber(text) : text}`
}
