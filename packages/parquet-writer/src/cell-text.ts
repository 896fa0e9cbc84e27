import type { CellValue } from '@dwh/core'
import { checkedText, refuse } from './checked-text.ts'
import type { ParquetColumn } from './parquet-input.ts'

/**
 * Returns a function that converts a cell that is not null to text, by column index and row number. `trustedText`:
 * cells are known to be valid text and are not checked again. The function throws DwhError VALUE_REFUSED.
 */
export function cellText(
  columns: readonly ParquetColumn[],
  trustedText: boolean,
): (value: Exclude<CellValue, null> | undefined, index: number, row: number) => string {
  if (trustedText) return (value) => value as string
  return (value, index, row) => {
    const column = columns[index] as ParquetColumn
    if (value === undefined) throw refuse(column, 'undefined', ` (row ${row})`)
    const text = checkedText(column.type, value)
    if (text === null) throw refuse(column, String(value), ` (row ${row})`)
    return text
  }
}
