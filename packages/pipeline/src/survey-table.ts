import type { ColumnType, Door, Fidelity, SourceSnapshot, StoreAs, TableSurvey } from '@dwh/core'
import { type TablePlan, withColumns } from './plan-run.ts'

/** Choices that may cost something, so that what they cost is counted. */
const INEXACT: readonly (StoreAs | undefined)[] = ['double', 'or-null']

/** Looks at a table before it is read, where something depends on that; null where nothing does, or the source has no means for it. */
export async function surveyTable(
  { table, columns, verify, where }: TablePlan,
  snapshot: SourceSnapshot,
  { door, signal }: { readonly door: Door; readonly signal: AbortSignal | undefined },
): Promise<TableSurvey | null> {
  const depends = columns.some(({ open, storeAs }) => open || INEXACT.includes(storeAs))
  // DuckDB's extension takes many rows at once, and a cursor gives texts of a program's: neither takes every length
  const takesAll = door === 'copy'
  if (!snapshot.survey || (verify === 'counts' && !depends && takesAll)) return null
  const wishes = { proof: verify, native: door === 'native', lengths: takesAll ? 'cheap' : 'all' } as const
  return snapshot.survey(table, wishes, { where: where ?? undefined, signal })
}

/** The plan with the types that the values call for. `types`: by the columns' names in the source. */
export function decideTypes(plan: TablePlan, types: Readonly<Record<string, ColumnType>>): TablePlan {
  return withColumns(
    plan,
    plan.columns.map((column) =>
      column.open ? { ...column, type: types[column.name] ?? column.type, open: false } : column,
    ),
  )
}

/** What became of open columns, beside the files that the table has. */
export function typeChanges(planned: TablePlan, decided: TablePlan): string[] {
  return planned.columns.flatMap(({ as, atLeast }, index) => {
    const type = decided.columns[index]?.type
    return atLeast === undefined || type === atLeast
      ? []
      : [`column ${as} was ${atLeast}, is ${type}: its values need it`]
  })
}

/** By the columns' names in the warehouse. */
export function fidelityOf({ columns }: TablePlan, survey: TableSurvey | null): Record<string, Fidelity> {
  return Object.fromEntries(
    columns.flatMap(({ name, as }) => {
      const found = survey?.fidelity[name]
      return found ? [[as, found]] : []
    }),
  )
}
