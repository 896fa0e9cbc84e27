import { expect, test } from 'vitest'
import { didYouMean, nearest } from './did-you-mean.ts'

const KEYWORDS = [
  'host',
  'hostaddr',
  'port',
  'sslmode',
  'password',
  'connect_timeout',
  'target_session_attrs',
  'keepalives',
]

test('nearest: a misspelt name, the name that was meant', () => {
  for (const [word, meant] of [
    ['hots', 'host'],
    ['HOST', 'host'],
    ['ssl-mode', 'sslmode'],
    ['pasword', 'password'],
    ['connectTimeout', 'connect_timeout'],
    ['target_session_attr', 'target_session_attrs'],
    ['keepalive', 'keepalives'],
  ] as const) {
    expect(nearest(word, KEYWORDS)).toBe(meant)
  }
})

test('nearest: a name unlike all others, null', () => {
  expect(nearest('statement', KEYWORDS)).toBeNull()
  expect(nearest('', KEYWORDS)).toBeNull()
  expect(didYouMean('statement', KEYWORDS)).toBe('')
  expect(didYouMean('ordres', ['customers', 'orders'])).toBe(' Did you mean "orders"?')
})
