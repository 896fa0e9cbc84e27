import { expect, test } from 'vitest'
import { endRequests } from './end-requests.ts'

test('endRequests: a signal, the same one forwarded by npm, and a later one: two requests', () => {
  const seen: string[] = []
  let now = 1000
  const onSignal = endRequests({
    first: (signal) => seen.push(`first ${signal}`),
    again: () => seen.push('again'),
    now: () => now,
  })
  onSignal('SIGINT')
  for (now of [1001, 1500]) onSignal('SIGINT')
  expect(seen).toEqual(['first SIGINT'])
  for (now of [1501, 1502]) onSignal('SIGTERM')
  expect(seen).toEqual(['first SIGINT', 'again', 'again'])
})
