import { DuckDBTypeId } from '@duckdb/node-api'
import { quoteIdentifier, quoteLiteral } from '@dwh/core'
import type { ResultColumn } from '../query-result.ts'
import { DELIMITERS, type ExportFormat } from './format-options.ts'
import { fieldSql, jsonSql, type SqlValue } from './text-sql.ts'
import { uniqueNames } from './unique-names.ts'
import { jsonString } from './value-text.ts'

/**
 * Returns the COPY statement with which DuckDB writes a query's rows to a path: the same bytes as `formatResult`,
 * without the header of CSV and the brackets of JSON. Null if a column has a type that only `formatResult` can write.
 */
export function copySql(
  query: string,
  columns: readonly ResultColumn[],
  format: ExportFormat,
  path: string,
): string | null {
  const names = uniqueNames(columns.map(({ name }) => name))
  const copy = (select: string, options: string) => `COPY (${select}) TO ${quoteLiteral(path)} (${options})`
  if (format === 'parquet') {
    const renamed = columns.map((_, i) => `c${i} AS ${quoteIdentifier(names[i] as string)}`)
    return copy(`SELECT ${renamed.join(', ')} FROM ${source(query, columns)}`, 'FORMAT parquet, COMPRESSION zstd')
  }
  const json = format === 'json' || format === 'jsonl'
  const texts = columns.map(({ type }, i) => (json ? jsonSql : fieldSql)(column(i), type))
  if (texts.includes(null)) return null
  if (!json) {
    const fields = texts.map((text, i) => `${text} AS f${i}`)
    return copy(
      `SELECT ${fields.join(', ')} FROM ${source(query, columns)}`,
      `FORMAT csv, HEADER false, DELIMITER '${DELIMITERS[format]}', QUOTE '"', ESCAPE '"'`,
    )
  }
  const members = texts.map(
    (text, i) => `${quoteLiteral(`${i === 0 ? '' : ','}${jsonString(names[i] as string)}:`)}, ${text}`,
  )
  const [before, after] = format === 'json' ? ['  {', '},'] : ['{', '}']
  return copy(
    `SELECT concat('${before}', ${members.join(', ')}, '${after}') FROM ${source(query, columns)}`,
    // one column, written as it is
    `FORMAT csv, HEADER false, DELIMITER '', QUOTE '', ESCAPE ''`,
  )
}

const column = (i: number): SqlValue => ({ sql: `c${i}`, local: `l${i}` })

/** The query with its columns named by position, and the local time of each instant computed once. */
function source(query: string, columns: readonly ResultColumn[]): string {
  const locals = columns.flatMap(({ type }, i) =>
    type.typeId === DuckDBTypeId.TIMESTAMP_TZ ? `, c${i}::TIMESTAMP AS l${i}` : [],
  )
  const named = `(\n${query}\n) AS t(${columns.map((_, i) => `c${i}`).join(', ')})`
  return `(SELECT *${locals.join('')} FROM ${named})`
}
