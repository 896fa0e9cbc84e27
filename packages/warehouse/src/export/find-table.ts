import { type Day, DwhError, didYouMean, formatTableName, isDwhError, parseTableName, type TableEntry } from '@dwh/core'
import type { TablesOf } from '../read-tables.ts'

/** One table of those that are shown. */
export interface FoundTable {
  /** As `formatTableName` returns it. */
  readonly name: string
  readonly entry: TableEntry
  /** The day that is shown; of the current tables that of this one. */
  readonly day: Day
}

/**
 * Finds one table by its name: `orders`, `public.orders`, `billing.invoices`, `"a.b"`.
 * @throws DwhError CONFIG_INVALID for a table that is not shown; the hint says which name or day was meant
 */
export function findTable(shown: TablesOf, given: string): FoundTable {
  const name = [given, spelled(given)].find((name) => name !== null && Object.hasOwn(shown.tables, name))
  const entry = name == null ? undefined : shown.tables[name]
  if (name == null || entry === undefined) throw noTable(shown, given)
  return { name, entry, day: shown.day ?? entry.date }
}

function spelled(given: string): string | null {
  try {
    return formatTableName(parseTableName(given))
  } catch (error) {
    if (isDwhError(error, 'CONFIG_INVALID')) return null
    throw error
  }
}

function noTable({ state, tables, day }: TablesOf, given: string): DwhError {
  const when = day === null ? '' : ` as of ${day}`
  const meant = didYouMean(given, Object.keys(tables)).trim()
  const name = spelled(given) ?? given
  const last = Object.hasOwn(state.tables, name) ? state.tables[name]?.date : undefined
  const list = `\`dwh tables${day === null ? '' : ` --as-of ${day}`}\` lists the tables.`
  const hints = [
    ...(last === undefined ? [] : [`Its latest version is of ${last}.`]),
    ...(state.former_tables?.includes(name) ? ['It has left the warehouse: give an earlier day (`dwh days`).'] : []),
  ]
  return new DwhError('CONFIG_INVALID', `${given}: no such table in the warehouse${when}`, {
    hint: [...(hints.length > 0 ? hints : meant === '' ? [] : [meant]), list].join(' '),
  })
}
