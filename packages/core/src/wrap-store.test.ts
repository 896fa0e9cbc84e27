import { expect, test } from 'vitest'
import { honoursConditions, type ObjectStore, wrapStore } from './index.ts'

const METHODS = 'get put putFile head getFile copy list delete'.split(' ')
const OPTIONAL = 'removeUnfinished conditionalWrites presignedUrl localPath'.split(' ')

/** A store that is an instance of a class and answers each call with its own name, so that a lost `this` shows. */
function instance(methods: readonly string[]): ObjectStore {
  class Store {
    readonly #answered = 'answered'
    at = 'first'
    get url() {
      return this.at
    }
    answer(name: string, args: unknown[]) {
      return [this.#answered, name, ...args]
    }
  }
  for (const name of methods)
    Object.defineProperty(Store.prototype, name, {
      value(this: Store, ...args: unknown[]) {
        return this.answer(name, args)
      },
    })
  return new Store() as unknown as ObjectStore
}

const call = (store: ObjectStore, name: string) =>
  (store as unknown as Record<string, (...args: unknown[]) => unknown>)[name]?.('a', 'b')

test('wrapStore: an instance of a class, each call reaches it with its arguments', () => {
  const wrapped = wrapStore(instance([...METHODS, ...OPTIONAL]), {})
  for (const name of [...METHODS, ...OPTIONAL]) expect(call(wrapped, name)).toEqual(['answered', name, 'a', 'b'])
  expect(call(wrapStore(wrapped, {}), 'list')).toEqual(['answered', 'list', 'a', 'b'])
})

test('wrapStore: a method that the store lacks, absent even if overridden', () => {
  const wrapped = wrapStore(instance(METHODS), { localPath: (key) => key, conditionalWrites: async () => true })
  expect(OPTIONAL.filter((name) => name in wrapped)).toEqual([])
})

test('wrapStore: an overridden method, does not reach the store', () => {
  const wrapped = wrapStore(instance([...METHODS, 'localPath']), { localPath: (key) => `own ${key}` })
  expect(wrapped.localPath?.('k')).toBe('own k')
  expect(call(wrapped, 'get')).toEqual(['answered', 'get', 'a', 'b'])
})

test('wrapStore: a url that changes, read at each access', () => {
  const store = instance(METHODS)
  const wrapped = wrapStore(store, {})
  Object.assign(store, { at: 'second' })
  expect(wrapped.url).toBe('second')
})

test.each([
  ['says that it honours conditions', { conditionalWrites: async () => true }, true],
  ['says that it does not', { conditionalWrites: async () => false }, false],
  ['says nothing', {}, false],
])('honoursConditions: a store that %s', async (_, store, expected) => {
  expect(await honoursConditions(store as ObjectStore)).toBe(expected)
})
