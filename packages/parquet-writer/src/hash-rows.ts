import type { DuckDBConnection } from '@duckdb/node-api'
import {
  type ColumnType,
  columnTypeRow,
  elementType,
  HASHED_CELL_BYTES,
  isLongText,
  quoteIdentifier,
  type ScalarType,
} from '@dwh/core'
import { toNumber } from './duckdb-sql.ts'
import type { ParquetColumn } from './parquet-input.ts'

/** Computes the hash of all rows of a file, as `TableProof.hash` defines it. `file`: the expression that reads it. */
export async function hashRows(
  connection: DuckDBConnection,
  file: string,
  columns: readonly ParquetColumn[],
): Promise<string> {
  const row = columns.map(({ name, type }) => longCellSql(type, quoteIdentifier(name))).join(' || ')
  const sum = (from: number) => `coalesce(sum(('0x' || substr(h, ${from}, 15))::BIGINT), 0)::VARCHAR`
  const reader = await connection.runAndReadAll(
    `SELECT ${sum(1)} || '-' || ${sum(16)} FROM (SELECT md5(${row}) AS h FROM ${file})`,
  )
  return String(reader.getRows()[0]?.[0])
}

function longCellSql(type: ColumnType, value: string): string {
  const cell = cellSql(type, value)
  const element = elementType(type)
  if (element === null && columnTypeRow(type as ScalarType).kind === 'bytes')
    return hashedSql(`octet_length(${value})`, value, cell)
  const text = textSql(type, value)
  return element !== null || isLongText(type as ScalarType) ? hashedSql(`strlen(${text})`, text, cell) : cell
}

const hashedSql = (bytes: string, whole: string, cell: string) =>
  `CASE WHEN ${bytes} > ${HASHED_CELL_BYTES} THEN '#' || md5(${whole}) ELSE ${cell} END`

function cellSql(type: ColumnType, value: string): string {
  return `coalesce('"' || replace(${textSql(type, value)}, '"', '""') || '"', '-')`
}

function textSql(type: ColumnType, value: string): string {
  const element = elementType(type)
  if (element !== null) return `array_to_string(list_transform(${value}, lambda e: ${cellSql(element, 'e')}), '')`
  return scalarSql(type as ScalarType, value)
}

function scalarSql(type: ScalarType, value: string): string {
  const text = `${value}::VARCHAR`
  switch (columnTypeRow(type).kind) {
    case 'decimal': {
      const digits = `ltrim(replace(replace(${text}, '-', ''), '.', ''), '0')`
      return `CASE WHEN ${value} < 0 THEN '-' ELSE '' END || CASE WHEN ${value} = 0 THEN '0' ELSE ${digits} END`
    }
    case 'float':
      return `CASE WHEN isnan(${value}) THEN 'NaN' ELSE ${value}::BIT::VARCHAR END`
    case 'day':
    case 'moment':
      return `CASE WHEN isfinite(${value}) THEN ${toNumber(type, value)}::VARCHAR ELSE ${text} END`
    case 'time':
      return `${toNumber(type, value)}::VARCHAR`
    case 'bytes':
      return `lower(hex(${value}))`
    default:
      return text
  }
}
