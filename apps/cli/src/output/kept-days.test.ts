import type { KeptDay } from '@dwh/warehouse'
import { expect, test } from 'vitest'
import { keptDaysText } from './kept-days.ts'

const daysFrom = (first: string, count: number) =>
  Array.from({ length: count }, (_, i) => new Date(Date.parse(first) + i * 86_400_000).toISOString().slice(0, 10))

test('days that stay: by rule, in few lines of 80 columns where there are many', () => {
  const all = daysFrom('2025-01-01', 414)
  const rulesOf = (day: string, i: number): KeptDay['rules'] => [
    ...(i >= 400 ? (['daily'] as const) : []),
    ...(day.slice(0, 7) !== all[i + 1]?.slice(0, 7) ? (['monthly'] as const) : []),
    ...(day === '2025-06-03' ? (['current'] as const) : []),
    ...(i === 413 ? (['current'] as const) : []),
  ]
  const kept = all.map((date, i) => ({ date, rules: rulesOf(date, i) })).filter(({ rules }) => rules.length > 0)
  const removed = all.filter((day) => !kept.some(({ date }) => date === day))
  expect(keptDaysText(kept, removed)).toBe(`28 days stay:
  daily    2026-02-05 to 2026-02-18
  monthly  2025-01-31, 2025-02-28, 2025-03-31, 2025-04-30, 2025-05-31,
           2025-06-30, 2025-07-31, 2025-08-31, 2025-09-30, 2025-10-31,
           2025-11-30, 2025-12-31, 2026-01-31, 2026-02-18
  current  2025-06-03
`)
})

test('days that stay: a range skips days without a run, and contains no day that goes', () => {
  const kept = ['2026-02-12', '2026-02-13', '2026-02-16', '2026-02-18'].map((date) => ({
    date,
    rules: ['daily'] as const,
  }))
  expect(keptDaysText(kept, ['2026-02-17'])).toBe('4 days stay:\n  daily    2026-02-12 to 2026-02-16, 2026-02-18\n')
  expect(keptDaysText(kept.slice(0, 1), [])).toBe('1 day stays:\n  daily    2026-02-12\n')
  expect(keptDaysText([], [])).toBe('0 days stay.\n')
})
