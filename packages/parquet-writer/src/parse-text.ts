import { type ColumnType, columnTypeRow, elementType, type ScalarType } from '@dwh/core'

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
  const { cast } = columnTypeRow(type)
  if (cast === undefined) return text
  return `coalesce(${cast(text, type)}, CASE WHEN ${text} IS NOT NULL THEN error(${error})::${type} END)`
}
