import { expect, test } from 'vitest'
import { dayAt, isDwhError, parseAsOf, parseDay } from './index.ts'

const TODAY = '2026-03-01'

test.each(['2026-02-18', '2024-02-29', '0001-01-01', '9999-12-31'])('%s is a day', (text) => {
  expect(parseDay(text, TODAY)).toBe(text)
  expect(parseAsOf(text, TODAY)).toBe(text)
})

test.each([
  ['today', '2026-03-01'],
  ['Today', '2026-03-01'],
  ['yesterday', '2026-02-28'],
  [' YESTERDAY ', '2026-02-28'],
  ['0 days ago', '2026-03-01'],
  ['1 day ago', '2026-02-28'],
  ['3 days ago', '2026-02-26'],
  ['365 days ago', '2025-03-01'],
  ['800 days ago', '2023-12-22'],
  [' 2026-02-18 ', '2026-02-18'],
])('parseDay: %j on 2026-03-01, %s', (text, day) => {
  expect(parseDay(text, TODAY)).toBe(day)
  expect(parseAsOf(text, TODAY)).toBe(day)
})

test.each([
  ['2026-01', '2026-01-31'],
  ['2026-02', '2026-02-28'],
  ['2024-02', '2024-02-29'],
  ['2025-12', '2025-12-31'],
  ['2025', '2025-12-31'],
  ['0099', '0099-12-31'],
  ['9999', '9999-12-31'],
])('parseAsOf: %s means its last day, %s; parseDay refuses it', (text, day) => {
  expect(parseAsOf(text, TODAY)).toBe(day)
  expect(() => parseDay(text, TODAY)).toThrow(`date "${text}": not a day`)
})

test.each([
  '2026-02-30',
  '2026-2-18',
  '2026-02-18T00:00:00Z',
  '0000-01-01',
  '0000-01',
  '0000',
  '20260218',
  '',
  'tomorrow',
  'day ago',
  '-1 days ago',
  '1.5 days ago',
  '999999 days ago',
  '2026-13-01',
  '2026-13',
  '2026-00',
])('%j is not a day', (text) => {
  for (const parse of [parseDay, parseAsOf])
    expect(() => parse(text, TODAY)).toThrowError(expect.toSatisfy((e) => isDwhError(e, 'CONFIG_INVALID')))
})

test.each([
  ['UTC', '2026-02-18', '2026-02-17'],
  ['Europe/Zurich', '2026-02-19', '2026-02-18'],
  ['America/New_York', '2026-02-18', '2026-02-17'],
  ['Pacific/Kiritimati', '2026-02-19', '2026-02-18'],
])('today and yesterday: half an hour before midnight in UTC, the days in %s', (timeZone, today, yesterday) => {
  const now = dayAt(new Date('2026-02-18T23:30:00Z'), timeZone)
  expect(parseDay('today', now)).toBe(today)
  expect(parseDay('yesterday', now)).toBe(yesterday)
})

test.each([
  // 23 hours and 25 hours long
  ['2026-03-29T22:30:00Z', '2026-03-30', '2026-03-29'],
  ['2026-10-25T22:30:00Z', '2026-10-25', '2026-10-24'],
  ['2026-10-25T23:30:00Z', '2026-10-26', '2026-10-25'],
])('yesterday: around a change of the clock in Zurich, at %s, a calendar day', (instant, today, yesterday) => {
  const now = dayAt(new Date(instant), 'Europe/Zurich')
  expect([now, parseDay('yesterday', now)]).toEqual([today, yesterday])
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
