import { expect, test } from 'vitest'
import { waitUntil } from './wait.ts'

const never = new AbortController().signal

test('until it is time, and not at all when that is past', async () => {
  const begun = Date.now()
  await waitUntil(
    new Date(begun + 30),
    () => new Date(),
    never,
    () => {},
  )
  expect(Date.now()).toBeGreaterThanOrEqual(begun + 30)
  await waitUntil(
    new Date(0),
    () => new Date(),
    never,
    () => {},
  )
})

test('a clock that is set back ends it', async () => {
  const times = [5_000_000, 5_000_000, 1_000_000].map((time) => new Date(time))
  await waitUntil(
    new Date(5_000_005),
    () => times.shift() ?? new Date(0),
    never,
    () => {},
  )
  expect(times).toEqual([])
})

test('ended', async () => {
  const controller = new AbortController()
  const waited = waitUntil(
    null,
    () => new Date(),
    controller.signal,
    () => {},
  )
  controller.abort()
  await waited
})
