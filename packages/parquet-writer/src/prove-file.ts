import type { DuckDBConnection } from '@duckdb/node-api'
import { type ColumnProof, type Measure, measuresOf, quoteIdentifier, quoteLiteral, type TableProof } from '@dwh/core'
import type { ParquetColumn } from './write-parquet.ts'

/** DuckDB takes longer lists, but plans them in more than linear time. */
const MOST_EXPRESSIONS = 1_600

/** Measures a Parquet file as `measuresOf` says, all of its bytes read. */
export async function proveFile(
  connection: DuckDBConnection,
  path: string,
  columns: readonly ParquetColumn[],
): Promise<TableProof> {
  const literal = quoteLiteral(path.replace(/[*?[]/g, (character) => `[${character}]`))
  const expressions = columns.flatMap((column) =>
    measuresOf(column.type).map((measure) => ({ column: column.name, measure, sql: expressionOf(column, measure) })),
  )
  const found: Record<string, ColumnProof> = {}
  let rows = 0
  for (let at = 0; at === 0 || at < expressions.length; at += MOST_EXPRESSIONS) {
    const part = expressions.slice(at, at + MOST_EXPRESSIONS)
    const list = ['count(*)', ...part.map(({ sql }) => sql)].map((sql) => `(${sql})::VARCHAR`).join(', ')
    const reader = await connection.runAndReadAll(
      `SELECT ${list} FROM read_parquet(${literal}, hive_partitioning = false)`,
    )
    const [count = '0', ...values] = (reader.getRows()[0] ?? []) as (string | null)[]
    rows = Number(count)
    part.forEach(({ column, measure }, index) => {
      found[column] = { ...found[column], [measure]: values[index] ?? null }
    })
  }
  return { rows, columns: found }
}

function expressionOf({ name, type }: ParquetColumn, measure: Measure): string {
  const value = quoteIdentifier(name)
  switch (measure) {
    case 'values':
      return `count(${value})`
    case 'sum':
      return `sum(${value})`
    case 'min':
    case 'max':
      return number(type, `${measure}(${value})${isContinuous(type) ? ` FILTER (WHERE isfinite(${value}))` : ''}`)
    case 'nan':
      return `count(*) FILTER (WHERE isnan(${value}))`
    case 'infinite':
      return `count(*) FILTER (WHERE isinf(${value}))`
    case 'true':
      return `count(*) FILTER (WHERE ${value})`
    case 'bytes':
      return `coalesce(sum(${type === 'BLOB' ? `octet_length(${value})` : `strlen(${value}::VARCHAR)`}), 0)`
  }
}

/** Types that have values off the number line. */
function isContinuous(type: string): boolean {
  return type === 'FLOAT' || type === 'DOUBLE' || type === 'DATE' || type.startsWith('TIMESTAMP')
}

function number(type: string, aggregate: string): string {
  if (type === 'DATE') return `${aggregate} - DATE '2000-01-01'`
  if (type === 'TIME') return `epoch_us(${aggregate})`
  if (type.startsWith('TIMESTAMP')) return `epoch_us(${aggregate}) - ${MICROS_TO_2000}`
  return aggregate
}

/** From 1970 to 2000, both at midnight UTC. */
const MICROS_TO_2000 = '946684800000000'
