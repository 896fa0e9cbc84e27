import { expect, test } from 'vitest'
import { snapshotText } from './snapshot-text.ts'

const EARLY = '2026-02-18T03:00:12.123456Z'

test('one instant: said once; several: the oldest and the newest; no tables: nothing', () => {
  expect(snapshotText({ oldest: EARLY, newest: EARLY }, 'Europe/Zurich')).toEqual({
    label: 'snapshot',
    text: '2026-02-18 04:00:12+01',
  })
  expect(snapshotText({ oldest: EARLY, newest: '2026-02-18T23:00:00.000001Z' }, 'Europe/Zurich')).toEqual({
    label: 'snapshots',
    text: '2026-02-18 04:00:12+01 to 2026-02-19 00:00:00+01',
  })
  expect(snapshotText(null, 'UTC')).toBeNull()
})

test('two instants of one second: with their fractions', () => {
  expect(snapshotText({ oldest: EARLY, newest: '2026-02-18T03:00:12.9Z' }, 'UTC')).toEqual({
    label: 'snapshots',
    text: '2026-02-18 03:00:12.123456+00 to 2026-02-18 03:00:12.9+00',
  })
})
