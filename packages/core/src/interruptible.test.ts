import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { interruptible } from './index.ts'

test('interruptible: an answer, an error or an interruption, the first one wins', async () => {
  const waits = interruptible()
  expect(await waits.wait(Promise.resolve(1))).toBe(1)
  await expect(waits.wait(Promise.reject(new Error('no')))).rejects.toThrow('no')
  const waiting = waits.wait(new Promise(() => {}))
  waits.interrupt(new Error('enough'))
  waits.interrupt(new Error('more than enough'))
  await expect(waiting).rejects.toThrow('enough')
  await expect(waits.wait(Promise.resolve(2))).rejects.toThrow('enough')
})

test('interruptible: many waits, their values are not retained', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const waits = interruptible()
  const kept: WeakRef<object>[] = []
  for (let i = 0; i < 100; i += 1) kept.push(new WeakRef(await waits.wait(Promise.resolve({ i }))))
  await new Promise((resolve) => setImmediate(resolve))
  collect()
  expect(kept.filter((ref) => ref.deref() !== undefined).length).toBeLessThan(5)
})
