import { expect, test } from 'vitest'
import { dayAt, isDwhError, parseDay } from './index.ts'

test.each(['2026-02-18', '2024-02-29', '0001-01-01', '9999-12-31'])('%s is a day', (text) =>
  expect(parseDay(text)).toBe(text),
)

test.each([
  '2026-02-30',
  '2026-2-18',
  '2026-02-18T00:00:00Z',
  '0000-01-01',
  '20260218',
  '',
  'today',
  '2026-13-01',
  ' 2026-02-18',
])('%j is not a day', (text) => {
  expect(() => parseDay(text)).toThrowError(expect.toSatisfy((e) => isDwhError(e, 'CONFIG_INVALID')))
})

test('dayAt: an instant in several time zones, the day there', () => {
  const instant = new Date('2026-02-18T23:30:00Z')
  expect(dayAt(instant, 'UTC')).toBe('2026-02-18')
  expect(dayAt(instant, 'Europe/Zurich')).toBe('2026-02-19')
  expect(dayAt(instant, 'America/New_York')).toBe('2026-02-18')
  expect(dayAt(new Date('2026-01-01T05:00:00Z'), 'Pacific/Honolulu')).toBe('2025-12-31')
})

test('dayAt: an unknown time zone, an error that names it', () => {
  expect(() => dayAt(new Date(0), 'Europe/Zürich')).toThrow('Europe/Zürich')
})
