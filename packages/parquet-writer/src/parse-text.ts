import { type ColumnType, elementType, type ScalarType } from '@dwh/core'

/**
 * The DuckDB expression that turns a value's text into its type. A text that is none of the type is an error, which `report` makes of the text: DuckDB's own names neither the column nor the
 * row. `text` is an SQL expression of type VARCHAR.
 */
export function parseStrictly(type: ColumnType, text: string, report: (text: string) => string): string {
  const element = elementType(type)
  if (element === null) return strictly(type as ScalarType, text, report(text))
  const texts = `from_json_strict(${text}, '["VARCHAR"]')`
  return element === 'VARCHAR' ? texts : `list_transform(${texts}, lambda x: ${strictly(element, 'x', report('x'))})`
}

function strictly(type: ScalarType, text: string, error: string): string {
  if (type === 'VARCHAR') return text
  return `coalesce(${parseText(type, text)}, CASE WHEN ${text} IS NOT NULL THEN error(${error})::${type} END)`
}

/**
 * The DuckDB expression that turns a value's text into its type, NULL when the text is not one. `text` is an SQL expression of type VARCHAR.
 * DuckDB writes years before 1 as `0044-03-15 (BC)`, with the time after it; left alone, its cast takes `0044-03-15 BC` for a year of our era.
 */
function parseText(type: ScalarType, text: string): string {
  switch (type) {
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
