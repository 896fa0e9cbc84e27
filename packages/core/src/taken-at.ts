import type { TableEntry } from './state.ts'

/**
 * The oldest and the newest instant of which tables are: `snapshot.taken_at` of their entries, as stored (RFC 3339,
 * UTC). Equal if all tables are of one instant.
 */
export interface TakenAt {
  readonly oldest: string
  readonly newest: string
}

/** Returns the instants of these tables; null if there are none. */
export function takenAtOf(tables: Readonly<Record<string, Pick<TableEntry, 'snapshot'>>>): TakenAt | null {
  const instants = Object.values(tables).map(({ snapshot }) => snapshot.taken_at)
  const [first, ...others] = instants.sort((a, b) => (sortable(a) < sortable(b) ? -1 : 1))
  return first === undefined ? null : { oldest: first, newest: others.at(-1) ?? first }
}

/** Two sources may write fractions of another length: `12.5Z` is after `12Z`. */
function sortable(instant: string): string {
  return instant.replace(/(?:\.(\d+))?Z$/, (_, fraction: string = '') => `.${fraction.padEnd(9, '0')}`)
}
