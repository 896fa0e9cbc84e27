import type { Day } from '@dwh/core'
import { daysBefore } from '@dwh/core'

/**
 * How many daily, weekly, monthly and yearly snapshots to keep: the most recent periods that have a day, and of each
 * its last day. Weeks begin on Monday (ISO 8601).
 */
export interface Retention {
  readonly daily?: number | undefined
  readonly weekly?: number | undefined
  readonly monthly?: number | undefined
  readonly yearly?: number | undefined
}

/** The rule that keeps a day; `current`: a table is current as of that day. */
export type KeepRule = keyof Retention | 'current'

/** Returns the days to keep, each with the rules that keep it. A pure function; `days` may be in any order. */
export function keepDays(
  days: readonly Day[],
  { daily = 0, weekly = 0, monthly = 0, yearly = 0 }: Retention,
): Map<Day, KeepRule[]> {
  const newestFirst = [...days].sort().reverse()
  const periods: [rule: KeepRule, count: number, of: (day: Day) => string][] = [
    ['daily', daily, (day) => day],
    ['weekly', weekly, weekOf],
    ['monthly', monthly, (day) => day.slice(0, 7)],
    ['yearly', yearly, (day) => day.slice(0, 4)],
  ]
  const kept = new Map<Day, KeepRule[]>()
  for (const [rule, count, of] of periods) {
    const seen = new Set<string>()
    for (const day of newestFirst) {
      if (seen.has(of(day))) continue
      if (seen.size === count) break
      seen.add(of(day))
      kept.set(day, [...(kept.get(day) ?? []), rule])
    }
  }
  return kept
}

/** Returns the Monday of the day's week. */
function weekOf(day: Day): Day {
  const date = new Date(`${day}T00:00:00Z`)
  const sinceMonday = (date.getUTCDay() + 6) % 7
  // 0001-01-01, the first day of all, is a Monday
  return daysBefore(day, sinceMonday) ?? day
}
