import { type ColumnType, columnTypeRow, elementType, type ScalarType } from '@dwh/core'

/**
 * Returns the DuckDB expression that converts the text of a value to its type. Invalid text raises an error, whose
 * message `report` makes from the text: DuckDB's own errors name neither the column nor the row. `text` is an SQL
 * expression of type VARCHAR.
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
