import { expect, test } from 'vitest'
import { takenAtOf } from './taken-at.ts'

const of = (...instants: string[]) =>
  takenAtOf(
    Object.fromEntries(instants.map((taken_at, i) => [`t${i}`, { snapshot: { id: null, position: null, taken_at } }])),
  )

test('no tables: null; one: both ends', () => {
  expect(of()).toBeNull()
  expect(of('2026-02-18T03:00:12Z')).toEqual({ oldest: '2026-02-18T03:00:12Z', newest: '2026-02-18T03:00:12Z' })
})

test('several instants: in order of time, also where sources write fractions of another length', () => {
  expect(of('2026-02-18T03:00:12.5Z', '2026-02-18T03:00:12Z', '2026-02-18T03:00:12.25Z')).toEqual({
    oldest: '2026-02-18T03:00:12Z',
    newest: '2026-02-18T03:00:12.5Z',
  })
  expect(of('2026-02-18T03:00:12.123456Z', '2026-02-18T03:00:12.123Z', '2026-02-17T23:59:59.999999Z')).toEqual({
    oldest: '2026-02-17T23:59:59.999999Z',
    newest: '2026-02-18T03:00:12.123456Z',
  })
})
