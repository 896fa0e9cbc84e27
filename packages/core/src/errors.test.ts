import { expect, test } from 'vitest'
import { DwhError, isDwhError, throwIfAborted } from './index.ts'

test('isDwhError: an error of another copy of the package, true', () => {
  const foreign = Object.assign(new Error('x'), { name: 'DwhError', code: 'CONFLICT' })
  expect(isDwhError(foreign)).toBe(true)
  expect(isDwhError(foreign, 'CONFLICT')).toBe(true)
  expect(isDwhError(foreign, 'ABORTED')).toBe(false)
  expect(isDwhError(new Error('x'))).toBe(false)
  expect(isDwhError('x')).toBe(false)
})

test('DwhError: has its cause, hint and context', () => {
  const cause = new Error('ENOSPC')
  const error = new DwhError('STORE_FULL', 'x: full', { cause, hint: 'Free some space.', context: { bytes: 3 } })
  expect(error).toMatchObject({ code: 'STORE_FULL', cause, hint: 'Free some space.', context: { bytes: 3 } })
})

test('throwIfAborted: an aborted signal, ABORTED with its reason', () => {
  expect(() => throwIfAborted(undefined, 'run')).not.toThrow()
  expect(() => throwIfAborted(AbortSignal.abort('enough'), 'run')).toThrowError(
    expect.toSatisfy((e) => isDwhError(e, 'ABORTED') && e.cause === 'enough'),
  )
})
