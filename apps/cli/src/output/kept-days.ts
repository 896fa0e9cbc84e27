import { type KeepRule, type KeptDay, plural, wrapWords } from '@dwh/warehouse'
import { DEFAULT_WIDTH } from '../help/help-width.ts'

const RULES: readonly KeepRule[] = ['daily', 'weekly', 'monthly', 'yearly', 'current']
const INDENT = 11
/**
 * Lists the days that stay by the rules that keep them, in lines of at most 80 columns. A day may be under several
 * rules. `removed`: the days that go, so that no range contains one of them.
 */
export function keptDaysText(kept: readonly KeptDay[], removed: readonly string[]): string {
  const all = [...kept.map(({ date }) => date), ...removed].sort()
  const lines = RULES.flatMap((rule) => {
    // that a table is current as of a day is worth a line only if nothing else keeps the day
    const days = kept.filter(({ rules }) => rules.includes(rule) && (rule !== 'current' || rules.length === 1))
    if (days.length === 0) return []
    const dates = days.map(({ date }) => date)
    return wrapWords(rangesOf(dates, all).join(', '), DEFAULT_WIDTH - INDENT).map(
      (line, i) => `${(i === 0 ? `  ${rule}` : '').padEnd(INDENT)}${line}\n`,
    )
  })
  const head = `${plural(kept.length, 'day')} ${kept.length === 1 ? 'stays' : 'stay'}`
  return lines.length === 0 ? `${head}.\n` : `${head}:\n${lines.join('')}`
}

/** Joins days with no other day of the warehouse between them: `2026-02-12 to 2026-02-18`. */
function rangesOf(days: readonly string[], all: readonly string[]): string[] {
  const place = new Map(all.map((day, i) => [day, i]))
  const ranges: [first: string, last: string][] = []
  for (const day of days) {
    const range = ranges.at(-1)
    if (range && place.get(day) === (place.get(range[1]) ?? 0) + 1) range[1] = day
    else ranges.push([day, day])
  }
  return ranges.map(([first, last]) => (first === last ? first : `${first} to ${last}`))
}
