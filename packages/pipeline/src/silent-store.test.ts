import { DwhError, type ObjectStore } from '@dwh/core'
import { expect, test } from 'vitest'
import { guardSilence } from './silent-store.ts'

const unreachable = (context: { silent?: boolean }) => new DwhError('STORE_UNREACHABLE', 'bucket: away', { context })

/** A store that fails with each of these errors in turn, then answers. */
function failing(...errors: DwhError[]): { store: ObjectStore; asked: () => number } {
  let asked = 0
  const get = async () => {
    const error = errors[asked]
    asked += 1
    if (error) throw error
    return null
  }
  const list = () => ({ [Symbol.asyncIterator]: () => ({ next: get }) })
  return { store: { get, head: get, list, conditionalWrites: get } as unknown as ObjectStore, asked: () => asked }
}

test('silent store: not asked again', async () => {
  const { store, asked } = failing(unreachable({ silent: true }))
  const guard = guardSilence(store)
  await expect(guard.store.get('a')).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' })
  expect(guard.silent.aborted).toBe(true)
  await expect(guard.store.head('b')).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' })
  expect(asked()).toBe(1)
})

test.each([
  ['a list', (store: ObjectStore) => store.list('a')[Symbol.asyncIterator]().next()],
  ['a check of its conditional writes', (store: ObjectStore) => store.conditionalWrites?.() ?? Promise.resolve()],
])('store silent to %s: not asked again', async (_, ask) => {
  const { store, asked } = failing(unreachable({ silent: true }))
  const guard = guardSilence(store)
  await expect(ask(guard.store)).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' })
  expect(guard.silent.aborted).toBe(true)
  await expect(ask(guard.store)).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' })
  expect(asked()).toBe(1)
})

test('store that answers, even with failures: asked again', async () => {
  const { store, asked } = failing(unreachable({}), new DwhError('STORE_DENIED', 'bucket: no'))
  const guard = guardSilence(store)
  await expect(guard.store.get('a')).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' })
  await expect(guard.store.get('a')).rejects.toMatchObject({ code: 'STORE_DENIED' })
  expect(await guard.store.head('a')).toBeNull()
  expect(guard.silent.aborted).toBe(false)
  expect(asked()).toBe(3)
})
