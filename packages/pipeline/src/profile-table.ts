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
import { dependsOnMeasures } from './stored-for-values.ts'

/** Chosen types that may be lossy: their lossy conversions are counted. */
const INEXACT: readonly (StoreAs | undefined)[] = ['double', 'nullify']

/**
 * Profiles a table before it is read, if something depends on it; null if nothing does, or if the source does not
 * support it.
 */
export async function profileTable(
  { table, columns, verify, where }: TablePlan,
  snapshot: SourceSnapshot,
  { method, signal }: { readonly method: ExtractionMethod; readonly signal: AbortSignal | undefined },
): Promise<TableProfile | null> {
  const depends = columns.some(
    (column) => column.inferred || INEXACT.includes(column.storeAs) || dependsOnMeasures(column),
  )
  // DuckDB's extension reads many rows at once, and a cursor returns JavaScript strings: neither handles every length
  const takesAll = method === 'copy'
  if (!snapshot.profileTable || (verify === 'counts' && !depends && takesAll)) return null
  // whether a list is NULL is among the measures of its column
  const proof = verify === 'counts' && columns.some(dependsOnMeasures) ? 'columns' : verify
  const wishes = { proof, native: method === 'native', lengths: takesAll ? 'cheap' : 'all' } as const
  return snapshot.profileTable(table, wishes, { where: where ?? undefined, signal })
}

/** The plan with the types that the values need. `types`: by the names of the columns in the source. */
export function decideTypes(plan: TablePlan, types: Readonly<Record<string, ColumnType>>): TablePlan {
  return withColumns(
    plan,
    plan.columns.map((column) =>
      column.inferred ? { ...column, type: own(types, column.name) ?? column.type, inferred: false } : column,
    ),
  )
}

/** Changes of inferred columns against the existing files of the table. */
export function typeChanges(planned: TablePlan, decided: TablePlan): string[] {
  return planned.columns.flatMap(({ as, minimumType }, index) => {
    const type = decided.columns[index]?.type
    const readers = decided.columns[index]?.storedFor?.join(', ')
    return minimumType === undefined || type === minimumType
      ? []
      : [`column ${as} was ${minimumType}, is ${type}: its values need it${readers ? `, for ${readers}` : ''}`]
  })
}

/** Lossy conversions, by the names of the columns in the warehouse. */
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
