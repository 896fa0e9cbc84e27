import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatAge, formatBytes, formatCount, formatDuration, plural } from './units.ts'

test('bytes: one digit after the point, none below 1 kB', () => {
  expect([0, 535.9076676764017, 999.4, 999.5, 1000, 1234567, 2e12, 5e16].map(formatBytes)).toEqual([
    '0 B',
    '536 B',
    '999 B',
    '1.0 kB',
    '1.0 kB',
    '1.2 MB',
    '2.0 TB',
    '50000.0 TB',
  ])
})

test('every number for people: at most one digit after the point', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e15, noNaN: true }), (value) => {
      for (const text of [formatBytes(value), formatCount(value), formatDuration(value), plural(value, 'row')])
        expect(text).not.toMatch(/\.\d\d|e\+/)
    }),
  )
})

test('age and duration: one unit, or two', () => {
  const now = new Date('2026-02-18T12:00:00Z')
  expect(formatAge(new Date('2026-02-18T09:00:00Z'), now)).toBe('3 hours ago')
  expect([0, 59_949, 59_950, 83_000, 7_260_000].map(formatDuration)).toEqual([
    '0.0 s',
    '59.9 s',
    '1 min 0 s',
    '1 min 23 s',
    '2 h 1 min',
  ])
})
