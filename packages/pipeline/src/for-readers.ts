import { type ColumnType, DwhError, misreadsType, type Reader, type SourceColumn } from '@dwh/core'
import type { ChosenColumn } from './choose-types.ts'
import type { SelectedColumn } from './selected-column.ts'

/** A column before it has its name in the warehouse. */
type Unnamed = Omit<SelectedColumn, 'as'>

/**
 * The column with a type that the readers read exactly. What the user chose for it stays.
 * @throws DwhError CONFIG_INVALID if the source has no such type for it
 */
export function forReaders({ column, choice }: ChosenColumn, readers: readonly Reader[], table: string): Unnamed {
  if (readers.length === 0) return column
  const misreading = readers.filter((reader) => misreadsType(reader, likelyType(column)))
  const readBy = choice === 'default' ? [] : readers.filter((reader) => !misreading.includes(reader))
  if (choice !== null) return { ...column, readBy, ...(misreading.length > 0 ? { misreadBy: misreading } : {}) }
  if (misreading.length === 0) return { ...column, readBy }
  const text = asText(column, misreading)
  if (text) return { ...text, readBy: readers }
  const { name, type } = column
  throw new DwhError('CONFIG_INVALID', `${table}: column ${name}: ${misreading.join(' and ')} cannot read ${type}`, {
    hint: `Its source offers no other type. Leave the column out (columns.exclude), or accept it for this column: columns.types.${name}: default.`,
  })
}

/** The type that the column probably gets. */
export const likelyType = ({ type, inferred, expectedType = type }: SourceColumn): ColumnType =>
  inferred ? expectedType : type

/** The column as JSON text or as the text of its source, for these readers; null if the source offers neither. */
export function asText(column: SourceColumn, readers: readonly Reader[]): Unnamed | null {
  const { allowedTypes = {}, minimumType: _, ...rest } = column
  const storeAs = allowedTypes.json ? 'json' : 'text'
  const text = allowedTypes[storeAs]
  return text ? { ...rest, allowedTypes, ...text, storeAs, storedFor: readers } : null
}
