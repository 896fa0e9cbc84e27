import { expect, test } from 'vitest'
import { instantText } from './instant-text.ts'
import { timeZone } from './time-zone.ts'

test.each([
  ['2026-02-18T03:00:12.987654Z', 'UTC', '2026-02-18 03:00:12+00'],
  ['2026-02-18T23:30:00Z', 'Europe/Zurich', '2026-02-19 00:30:00+01'],
  ['2026-07-18T23:30:00Z', 'Europe/Zurich', '2026-07-19 01:30:00+02'],
  ['2026-02-18T03:00:12Z', 'Asia/Kathmandu', '2026-02-18 08:45:12+05:45'],
  ['2026-02-18T03:00:12Z', 'America/St_Johns', '2026-02-17 23:30:12-03:30'],
  ['some time ago', 'UTC', 'some time ago'],
])('%s in %s: %s', (instant, zone, text) => {
  expect(instantText(instant, timeZone(zone))).toBe(text)
})

test('with its fraction: as many digits as the source gave', () => {
  const zurich = timeZone('Europe/Zurich')
  expect(instantText('2026-02-18T03:00:12.120000Z', zurich, 'fraction')).toBe('2026-02-18 04:00:12.120000+01')
  expect(instantText('2026-02-18T03:00:12Z', zurich, 'fraction')).toBe('2026-02-18 04:00:12+01')
})
