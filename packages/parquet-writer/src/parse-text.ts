import type { ColumnType } from '@dwh/core'

/**
 * The DuckDB expression that turns a value's text into its type, NULL when the text is not one. `text` is an SQL expression of type VARCHAR.
 * DuckDB writes years before 1 as `0044-03-15 (BC)`, with the time after it; left alone, its cast takes `0044-03-15 BC` for a year of our era.
 */
export function parseText(type: ColumnType, text: string): string {
  switch (type) {
    case 'VARCHAR':
      return text
    case 'BLOB':
      return `CASE WHEN starts_with(${text}, '\\x') THEN from_hex(substr(${text}, 3)) END`
    case 'DATE':
      return `CASE WHEN ends_with(${text}, ' BC') THEN TRY_CAST(replace(${text}, ' BC', ' (BC)') AS DATE) ELSE TRY_CAST(${text} AS DATE) END`
    case 'TIMESTAMP':
    case 'TIMESTAMP WITH TIME ZONE': {
      const duckdb = `regexp_replace(${text}, '^(\\S+)[ T](.*) BC$', '\\1 (BC) \\2')`
      return `CASE WHEN ends_with(${text}, ' BC') THEN TRY_CAST(${duckdb} AS ${type}) ELSE TRY_CAST(${text} AS ${type}) END`
    }
    default:
      return `TRY_CAST(${text} AS ${type})`
  }
}
