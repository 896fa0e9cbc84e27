import { expect, test } from 'vitest'
import { isCountable } from './count-rows.ts'

test('isCountable: up to 2^31 transactions between two snapshots', () => {
  expect(isCountable('700', '700')).toBe(true)
  expect(isCountable('4294967290', '4294967310')).toBe(true)
  expect(isCountable('700', String(700n + 2n ** 31n - 1n))).toBe(true)
  expect(isCountable('700', String(700n + 2n ** 31n))).toBe(false)
})
