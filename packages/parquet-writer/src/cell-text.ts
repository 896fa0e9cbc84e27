import type { CellValue } from '@dwh/core'
import { canonicalText, refuse } from './canonical-text.ts'
import type { ParquetColumn } from './parquet-input.ts'

/**
 * The text of a cell that is not null, by the column's place and the row's number. `canonical`: cells are known to be text in canonical form, and are not checked again.
 * Throws DwhError VALUE_REFUSED.
 */
export function cellText(
  columns: readonly ParquetColumn[],
  canonical: boolean,
): (value: Exclude<CellValue, null> | undefined, index: number, row: number) => string {
  if (canonical) return (value) => value as string
  return (value, index, row) => {
    const column = columns[index] as ParquetColumn
    if (value === undefined) throw refuse(column, 'undefined', ` (row ${row})`)
    const text = canonicalText(column.type, value)
    if (text === null) throw refuse(column, String(value), ` (row ${row})`)
    return text
  }
}
