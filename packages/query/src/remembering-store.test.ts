import { readdir } from 'node:fs/promises'
import { DwhError, type ObjectStore, wrapStore } from '@dwh/core'
import { localStore } from '@dwh/storage'
import { ClassStore } from '@dwh/storage/testing'
import { temporaryFolder } from '@dwh/test-kit'
import { expect, test } from 'vitest'
import { rememberingStore } from './index.ts'

const text = (value: string) => Buffer.from(value)

/** A store that can go away, as an instance of a class, and one that remembers what it said. */
async function open() {
  const inner = localStore({ path: await temporaryFolder() })
  const link = { error: null as Error | null }
  const store = new ClassStore(
    wrapStore(inner, {
      async get(key, options) {
        if (link.error) throw link.error
        return inner.get(key, options)
      },
    }),
  )
  const folder = await temporaryFolder()
  const aways: Error[] = []
  const remembering: ObjectStore = rememberingStore({ store, folder, onAway: (_, error) => aways.push(error) })
  return { store, link, folder, aways, remembering }
}

test('a store that is away: what it said last is answered, and that it is old is told', async () => {
  const { store, link, aways, remembering } = await open()
  await store.put('k', text('1'))
  expect((await remembering.get('k'))?.body.toString()).toBe('1')
  await remembering.put('k', text('2'))
  expect((await remembering.get('k'))?.body.toString()).toBe('2')
  expect(aways).toEqual([])
  link.error = new DwhError('STORE_UNREACHABLE', 'away')
  expect(Buffer.from((await remembering.get('k'))?.body ?? []).toString()).toBe('2')
  expect(aways).toEqual([link.error])
  await expect(remembering.get('never/asked')).rejects.toBe(link.error)
})

test('an object that has gone is forgotten; a refusal is no absence', async () => {
  const { store, link, folder, remembering } = await open()
  await store.put('k', text('1'))
  await remembering.get('k')
  expect(await readdir(folder)).toHaveLength(1)
  link.error = new DwhError('STORE_DENIED', 'no')
  await expect(remembering.get('k')).rejects.toBe(link.error)
  link.error = null
  await store.delete('k')
  expect(await remembering.get('k')).toBeNull()
  expect(await readdir(folder)).toEqual([])
})

test('the rest is the store’s: url, lists, files', async () => {
  const { store, remembering } = await open()
  await store.put('a/b', text('1'))
  expect(remembering.url).toBe(store.url)
  const keys: string[] = []
  for await (const { key } of remembering.list('a/')) keys.push(key)
  expect(keys).toEqual(['a/b'])
  expect(await remembering.head('a/b')).toMatchObject({ size: 1 })
})
test('another server with a bucket of the same name: it never answers with what this one said', async () => {
  const { store, link, folder } = await open()
  await store.put('k', text('1'))
  const of = (at: string) => rememberingStore({ store, at, folder, onAway: () => {} })
  await of('http://production').get('k')
  link.error = new DwhError('STORE_UNREACHABLE', 'away')
  expect(Buffer.from((await of('http://production').get('k'))?.body ?? []).toString()).toBe('1')
  await expect(of('http://staging').get('k')).rejects.toBe(link.error)
})
