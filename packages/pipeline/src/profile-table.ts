import {
  type ColumnType,
  type ExtractionMethod,
  type LossyConversion,
  own,
  type SourceSnapshot,
  type StoreAs,
  type TableProfile,
} from '@dwh/core'
import { type TablePlan, withColumns } from './plan-run.ts'

/** Choices that may cost something, so that what they cost is counted. */
const INEXACT: readonly (StoreAs | undefined)[] = ['double', 'nullify']

/** Looks at a table before it is read, where something depends on that; null where nothing does, or the source has no means for it. */
export async function profileTable(
  { table, columns, verify, where }: TablePlan,
  snapshot: SourceSnapshot,
  { method, signal }: { readonly method: ExtractionMethod; readonly signal: AbortSignal | undefined },
): Promise<TableProfile | null> {
  const depends = columns.some(({ inferred, storeAs }) => inferred || INEXACT.includes(storeAs))
  // DuckDB's extension takes many rows at once, and a cursor gives texts of a program's: neither takes every length
  const takesAll = method === 'copy'
  if (!snapshot.profileTable || (verify === 'counts' && !depends && takesAll)) return null
  const wishes = { proof: verify, native: method === 'native', lengths: takesAll ? 'cheap' : 'all' } as const
  return snapshot.profileTable(table, wishes, { where: where ?? undefined, signal })
}

/** The plan with the types that the values call for. `types`: by the columns' names in the source. */
export function decideTypes(plan: TablePlan, types: Readonly<Record<string, ColumnType>>): TablePlan {
  return withColumns(
    plan,
    plan.columns.map((column) =>
      column.inferred ? { ...column, type: own(types, column.name) ?? column.type, inferred: false } : column,
    ),
  )
}

/** What became of inferred columns, beside the files that the table has. */
export function typeChanges(planned: TablePlan, decided: TablePlan): string[] {
  return planned.columns.flatMap(({ as, minimumType }, index) => {
    const type = decided.columns[index]?.type
    return minimumType === undefined || type === minimumType
      ? []
      : [`column ${as} was ${minimumType}, is ${type}: its values need it`]
  })
}

/** By the columns' names in the warehouse. */
export function lossyConversionsOf(
  { columns }: TablePlan,
  profile: TableProfile | null,
): Record<string, LossyConversion> {
  return Object.fromEntries(
    columns.flatMap(({ name, as }) => {
      const found = profile ? own(profile.lossyConversions, name) : undefined
      return found ? [[as, found]] : []
    }),
  )
}
