import { expect, test } from 'vitest'
import type { Alert } from './alerts.ts'
import { makeOutbox } from './outbox.ts'
import type { Delivery } from './webhook.ts'

const alertOf = (title: string): Alert => ({ kind: 'failed', title, lines: [] })
const DONE: Delivery = { problem: null, refused: false }
const AWAY: Delivery = { problem: 'hooks.example.com does not answer', refused: false }

function outbox(answers: Delivery[], clock = () => new Date(0)) {
  const tried: string[] = []
  const logged: unknown[] = []
  const controller = new AbortController()
  const box = makeOutbox({
    deliver: async ({ title }) => {
      tried.push(title)
      return answers.shift() ?? DONE
    },
    log: (_, message, fields) => void logged.push([message, fields]),
    clock,
    signal: controller.signal,
    retryMs: 1,
  })
  return { ...box, tried, logged, controller }
}

test('alerts are sent in order: one that fails is retried before the next', async () => {
  const box = outbox([AWAY, AWAY])
  for (const title of ['a', 'b']) box.put(alertOf(title))
  await box.empty()
  expect(box.tried).toEqual(['a', 'a', 'a', 'b'])
  expect(box.logged).toHaveLength(2)
  box.put(alertOf('c'))
  await box.empty()
  expect(box.tried.at(-1)).toBe('c')
})

test('alert refused, or a day old: dropped and logged', async () => {
  const refusing = outbox([{ problem: 'answers 404', refused: true }])
  for (const title of ['a', 'b']) refusing.put(alertOf(title))
  await refusing.empty()
  expect(refusing.tried).toEqual(['a', 'b'])
  expect(refusing.logged).toEqual([['alert not delivered: answers 404', { alert: 'failed', again: false }]])
  let hours = 0
  const away = outbox(Array(100).fill(AWAY), () => new Date(3_600_000 * hours++))
  away.put(alertOf('a'))
  await away.empty()
  expect(away.tried.length).toBeLessThan(30)
})

test('scheduler ends: waiting alerts are dropped', async () => {
  const box = outbox(Array(1000).fill(AWAY))
  box.put(alertOf('a'))
  box.controller.abort()
  await box.empty()
  expect(box.tried.length).toBeLessThan(3)
})

test('a hundred alerts wait: the oldest is dropped and logged, but not the one being sent', async () => {
  const answers: ((delivery: Delivery) => void)[] = []
  const tried: string[] = []
  const logged: string[] = []
  const box = makeOutbox({
    deliver: ({ title }) => {
      tried.push(title)
      return new Promise((resolve) => answers.push(resolve))
    },
    log: (_, message) => void logged.push(message),
    clock: () => new Date(0),
    signal: new AbortController().signal,
    retryMs: 1,
  })
  for (let number = 0; number <= 101; number += 1) box.put(alertOf(String(number)))
  expect(logged).toEqual(['alert not delivered: 100 others are waiting'])
  for (let number = 0; number < 101; number += 1) {
    await expect.poll(() => answers.length).toBe(number + 1)
    answers[number]?.(DONE)
  }
  await box.empty()
  expect(tried).toEqual(['0', ...Array.from({ length: 100 }, (_, number) => String(number + 2))])
})
