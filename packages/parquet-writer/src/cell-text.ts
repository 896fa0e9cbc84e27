import type { CellValue } from '@dwh/core'
import { checkedText, refuse } from './checked-text.ts'
import type { ParquetColumn } from './parquet-input.ts'

/**
 * The text of a cell that is not null, by the column's place and the row's number. `trustedText`: cells are known to be text in their form, and are not checked again.
 * Throws DwhError VALUE_REFUSED.
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
