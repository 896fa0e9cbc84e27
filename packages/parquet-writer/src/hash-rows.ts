import type { DuckDBConnection } from '@duckdb/node-api'
import { type ColumnType, elementType, quoteIdentifier } from '@dwh/core'
import type { ParquetColumn } from './write-parquet.ts'

/** The hash of all rows of a file, as `TableProof.hash` says. `file`: the expression that reads it. */
export async function hashRows(
  connection: DuckDBConnection,
  file: string,
  columns: readonly ParquetColumn[],
): Promise<string> {
  const row = columns.map(({ name, type }) => cellSql(type, quoteIdentifier(name))).join(' || ')
  const sum = (from: number) => `coalesce(sum(('0x' || substr(h, ${from}, 15))::BIGINT), 0)::VARCHAR`
  const reader = await connection.runAndReadAll(
    `SELECT ${sum(1)} || '-' || ${sum(16)} FROM (SELECT md5(${row}) AS h FROM ${file})`,
  )
  return String(reader.getRows()[0]?.[0])
}

function cellSql(type: ColumnType, value: string): string {
  return `coalesce('"' || replace(${textSql(type, value)}, '"', '""') || '"', '-')`
}

function textSql(type: ColumnType, value: string): string {
  const element = elementType(type)
  if (element !== null) return `array_to_string(list_transform(${value}, lambda e: ${cellSql(element, 'e')}), '')`
  const text = `${value}::VARCHAR`
  if (type.startsWith('DECIMAL')) {
    const digits = `ltrim(replace(replace(${text}, '-', ''), '.', ''), '0')`
    return `CASE WHEN ${value} < 0 THEN '-' ELSE '' END || CASE WHEN ${value} = 0 THEN '0' ELSE ${digits} END`
  }
  const finite = (number: string) => `CASE WHEN isfinite(${value}) THEN (${number})::VARCHAR ELSE ${text} END`
  switch (type) {
    case 'FLOAT':
    case 'DOUBLE':
      return `CASE WHEN isnan(${value}) THEN 'NaN' ELSE ${value}::BIT::VARCHAR END`
    case 'DATE':
      return finite(`${value} - DATE '2000-01-01'`)
    case 'TIME':
      return `epoch_us(${value})::VARCHAR`
    case 'TIMESTAMP':
    case 'TIMESTAMP WITH TIME ZONE':
      return finite(`epoch_us(${value}) - ${MICROS_TO_2000}`)
    case 'BLOB':
      return `lower(hex(${value}))`
    default:
      return text
  }
}

/** From 1970 to 2000, both at midnight UTC. */
export const MICROS_TO_2000 = '946684800000000'
