import { readerGaps } from '@dwh/core'
import { misreadingText, type RunPlan } from '@dwh/warehouse'
import { alignColumns } from './lines.ts'

/** The columns of a plan that are stored differently for a reader, and those that a reader misreads all the same. */
export function readersText({ tables }: RunPlan, width: number | undefined): string {
  const columns = tables.flatMap(({ name, columns: all }) => all.map((column) => ({ table: name, ...column })))
  const changed = columns.flatMap(({ table, as, sourceType, type, storeAs, storedFor = [] }) =>
    storedFor.length === 0
      ? []
      : [['-', `${table}.${as}`, `${sourceType ?? ''} as ${type} (${storeAs})`, `for ${storedFor.join(', ')}`]],
  )
  const misread = columns.flatMap(({ table, as, type, expectedType, inferred, misreadBy = [] }) => {
    const stored = inferred && expectedType ? expectedType : type
    const gaps = misreadBy.flatMap((reader) =>
      readerGaps(reader, stored)
        .filter(({ values }) => values === undefined)
        .map((gap) => misreadingText(reader, gap)),
    )
    return gaps.length === 0 ? [] : [['-', `${table}.${as}`, gaps.join('; ')]]
  })
  return `${listed('Stored differently for a reader', changed, width)}${listed('Not exact for a reader, by your choice', misread, width)}`
}

function listed(title: string, rows: readonly string[][], width: number | undefined): string {
  return rows.length === 0 ? '' : `\n${title}:\n${alignColumns(rows, [], { width, wrap: true })}`
}
