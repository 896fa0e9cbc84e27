import { expect, test } from 'vitest'
import { waitUntil } from './wait.ts'

const never = new AbortController().signal

test('wait: until the time, not at all for a past time', async () => {
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

test('wait: ends if the clock is set back', async () => {
  const times = [5_000_000, 5_000_000, 1_000_000].map((time) => new Date(time))
  await waitUntil(
    new Date(5_000_005),
    () => times.shift() ?? new Date(0),
    never,
    () => {},
  )
  expect(times).toEqual([])
})

test('wait: ends when the signal fires', async () => {
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
