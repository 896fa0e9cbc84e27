import type { DuckDBConnection } from '@duckdb/node-api'
import {
  type ColumnProof,
  columnTypeRow,
  elementType,
  isContinuous,
  type Measure,
  measuresOf,
  type ProofLevel,
  quoteIdentifier,
  type ScalarType,
  type TableProof,
} from '@dwh/core'
import { fileLiteral, toNumber } from './duckdb-sql.ts'
import { hashRows } from './hash-rows.ts'
import type { ParquetColumn } from './parquet-input.ts'

/**
 * Maximum number of expressions in a query. Each holds a vector per column and thread, and a thousand columns at once
 * need gigabytes; Parquet stores columns separately anyway.
 */
const MOST_EXPRESSIONS = 200

/** Measures a Parquet file as `measuresOf` defines, by reading all its bytes; with `hash` also hashes its rows. */
export async function proveFile(
  connection: DuckDBConnection,
  path: string,
  columns: readonly ParquetColumn[],
  level: Exclude<ProofLevel, 'counts'>,
): Promise<TableProof> {
  const file = `read_parquet(${fileLiteral(path)}, hive_partitioning = false)`
  const found: Record<string, Record<string, string | null>> = Object.fromEntries(columns.map(({ name }) => [name, {}]))
  let rows = 0
  const ask = async (questions: readonly Question[], from: string) => {
    for (let at = 0; at === 0 || at < questions.length; at += MOST_EXPRESSIONS) {
      const part = questions.slice(at, at + MOST_EXPRESSIONS)
      const list = ['count(*)', ...part.map(({ sql }) => sql)].map((sql) => `(${sql})::VARCHAR`).join(', ')
      const reader = await connection.runAndReadAll(`SELECT ${list} FROM ${from}`)
      const [count = '0', ...values] = (reader.getRows()[0] ?? []) as (string | null)[]
      if (from === file) rows = Number(count)
      part.forEach(({ column, measure }, index) => {
        found[column] = { ...found[column], [measure]: values[index] ?? null }
      })
    }
  }
  await ask(columns.flatMap(questionsOfRows), file)
  for (const column of columns) {
    const questions = questionsOfElements(column)
    if (questions.length > 0) await ask(questions, `(SELECT unnest(${quoteIdentifier(column.name)}) AS e FROM ${file})`)
  }
  const hash = level === 'hash' ? { hash: await hashRows(connection, file, columns) } : {}
  return { rows, columns: found as Record<string, ColumnProof>, ...hash }
}

interface Question {
  readonly column: string
  readonly measure: Measure
  readonly sql: string
}

function questionsOfRows({ name, type }: ParquetColumn): Question[] {
  const value = quoteIdentifier(name)
  const measures = elementType(type) === null ? measuresOf(type) : (['values'] as const)
  return measures.map((measure) => ({ column: name, measure, sql: expressionOf(value, type as ScalarType, measure) }))
}

function questionsOfElements({ name, type }: ParquetColumn): Question[] {
  const element = elementType(type)
  if (element === null) return []
  const measures = measuresOf(type).filter((measure) => measure !== 'values')
  return measures.map((measure) => ({ column: name, measure, sql: expressionOf('e', element, measure) }))
}

function expressionOf(value: string, type: ScalarType, measure: Measure): string {
  switch (measure) {
    case 'values':
    case 'filled':
      return `count(${value})`
    case 'elements':
      return 'count(*)'
    case 'sum':
      return `sum(${value})`
    case 'min':
    case 'max':
      return toNumber(type, `${measure}(${value})${isContinuous(type) ? ` FILTER (WHERE isfinite(${value}))` : ''}`)
    case 'nan':
      return `count(*) FILTER (WHERE isnan(${value}))`
    case 'infinite':
      return `count(*) FILTER (WHERE isinf(${value}))`
    case 'true':
      return `count(*) FILTER (WHERE ${value})`
    case 'bytes':
      return `coalesce(sum(${columnTypeRow(type).kind === 'bytes' ? `octet_length(${value})` : `strlen(${value}::VARCHAR)`}), 0)`
  }
}
