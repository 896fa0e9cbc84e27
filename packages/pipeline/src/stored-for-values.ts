import { elementType, hasSpecialValues, misreadsType, own, type Reader, readerGaps, type TableProfile } from '@dwh/core'
import { asText, likelyType } from './for-readers.ts'
import { type TablePlan, withColumns } from './plan-run.ts'
import type { SelectedColumn } from './selected-column.ts'

/** True where a reader needs to know whether a list of the column is NULL. */
export function dependsOnMeasures(column: SelectedColumn): boolean {
  const gaps = (column.readBy ?? []).flatMap((reader) => readerGaps(reader, likelyType(column)))
  return gaps.some(({ values }) => values === 'NULL lists')
}

/**
 * The plan with the columns as text that a reader cannot read exactly with their values: arrays that are JSON, and
 * lists that are NULL. Null if there are none. `decided`: the same plan with the types that the values need.
 */
export function storedForValues(
  planned: TablePlan,
  decided: TablePlan,
  profile: TableProfile | null,
): TablePlan | null {
  const columns = planned.columns.map((column, index): SelectedColumn => {
    const { readBy = [], storeAs } = column
    if (storeAs !== undefined) return column
    const readers = readBy.filter((reader) => misreads(reader, decided.columns[index] as SelectedColumn, profile))
    const text = readers.length > 0 ? asText(column, readers) : null
    return text ? { ...text, as: column.as } : column
  })
  return columns.every((column, index) => column === planned.columns[index]) ? null : withColumns(planned, columns)
}

function misreads(reader: Reader, { name, type }: SelectedColumn, profile: TableProfile | null): boolean {
  if (misreadsType(reader, type)) return true
  const proof = profile ? own(profile.proof.columns, name) : undefined
  if (elementType(type) === null || !profile || !proof) return false
  return readerGaps(reader, type).some(
    ({ values }) => values === 'NULL lists' && hasSpecialValues(values, type, proof, profile.proof.rows),
  )
}
