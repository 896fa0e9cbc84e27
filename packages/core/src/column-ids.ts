import { type ColumnType, elementType, isColumnType } from './column-type.ts'
import type { ColumnEntry } from './state.ts'

/** A column before it has an id. */
type NewColumn = Omit<ColumnEntry, 'id' | 'element_id'>

/**
 * Gives each column of a table an id by which other formats know it. A column keeps its id while its name and type
 * stay, or its type widens as Apache Iceberg allows; any other column gets a new id. No id is used twice: `lastId` is
 * the highest one that the table ever had.
 * https://iceberg.apache.org/spec/#schema-evolution
 *
 * @param before the columns of the table's current version; empty for a new table
 * @returns the columns with their ids, and the next `lastId`
 */
export function assignColumnIds(
  columns: readonly NewColumn[],
  before: readonly ColumnEntry[],
  lastId: number,
): { readonly columns: readonly ColumnEntry[]; readonly lastId: number } {
  const known = new Map(before.map((column) => [column.name, column]))
  let last = Math.max(lastId, highestColumnId(before))
  const next = () => {
    last += 1
    return last
  }
  const withIds = columns.map((column): ColumnEntry => {
    const earlier = known.get(column.name)
    const same = earlier?.id !== undefined && keepsId(earlier.type, column.type)
    const id = same ? earlier.id : next()
    if (!column.type.endsWith('[]')) return { ...column, id }
    return { ...column, id, element_id: same && earlier.element_id !== undefined ? earlier.element_id : next() }
  })
  return { columns: withIds, lastId: last }
}

/** Returns the highest id of these columns and of the elements of their lists; 0 without ids. */
export function highestColumnId(columns: readonly ColumnEntry[]): number {
  return Math.max(0, ...columns.flatMap(({ id = 0, element_id = 0 }) => [id, element_id]))
}

/** How Iceberg stores the integers: https://iceberg.apache.org/spec/#primitive-types */
const INT: ReadonlySet<string> = new Set(['SMALLINT', 'INTEGER'])
const LONG: ReadonlySet<string> = new Set(['UINTEGER', 'BIGINT'])

/** Whether a column of one type may become the other and stay the same column. */
function keepsId(before: string, now: string): boolean {
  if (before === now) return true
  if (!isColumnType(before) || !isColumnType(now)) return false
  const [elementBefore, elementNow] = [elementType(before), elementType(now)]
  if (elementBefore !== null || elementNow !== null)
    return elementBefore !== null && elementNow !== null && keepsId(elementBefore, elementNow)
  if (INT.has(before)) return INT.has(now) || LONG.has(now)
  if (LONG.has(before)) return LONG.has(now)
  if (before === 'FLOAT') return now === 'DOUBLE'
  const [from, to] = [decimalOf(before), decimalOf(now)]
  return from !== null && to !== null && from.scale === to.scale && from.precision <= to.precision
}

function decimalOf(type: ColumnType): { readonly precision: number; readonly scale: number } | null {
  const [, precision, scale] = /^DECIMAL\((\d+),(\d+)\)$/.exec(type) ?? []
  return precision === undefined || scale === undefined ? null : { precision: Number(precision), scale: Number(scale) }
}
