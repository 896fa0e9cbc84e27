import { getActiveResourcesInfo } from 'node:process'
import { expect, test } from 'vitest'
import { wait } from './wait.ts'

const HOUR_MS = 3_600_000
const timers = () => getActiveResourcesInfo().filter((name) => name === 'Timeout').length

test('wait: the time is over, resolves', async () => {
  await expect(wait(1)).resolves.toBeUndefined()
  await expect(wait(1, new AbortController().signal)).resolves.toBeUndefined()
})

test('wait: the signal fires or has fired, resolves at once', async () => {
  const controller = new AbortController()
  const waiting = wait(HOUR_MS, controller.signal)
  controller.abort()
  await expect(waiting).resolves.toBeUndefined()
  await expect(wait(HOUR_MS, controller.signal)).resolves.toBeUndefined()
})

test('wait: keeps the process running, unless `ref` is false', async () => {
  const controller = new AbortController()
  const before = timers()
  const free = wait(HOUR_MS, controller.signal, { ref: false })
  expect(timers()).toBe(before)
  const kept = wait(HOUR_MS, controller.signal)
  expect(timers()).toBe(before + 1)
  controller.abort()
  await Promise.all([free, kept])
})
