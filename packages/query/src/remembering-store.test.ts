import { readdir } from 'node:fs/promises'
import { DwhError, type ObjectStore, wrapStore } from '@dwh/core'
import { localStore } from '@dwh/storage'
import { ClassStore } from '@dwh/storage/testing'
import { temporaryFolder } from '@dwh/test-kit'
import { expect, test } from 'vitest'
import { rememberingStore } from './index.ts'

const text = (value: string) => Buffer.from(value)

/** A store that can become unreachable, as an instance of a class, and a remembering store over it. */
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

test('an unreachable store: answers with the last known object, and reports its age', async () => {
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

test('a deleted object: forgotten; a refusal: an error', async () => {
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

test('url, lists and files: those of the store', async () => {
  const { store, remembering } = await open()
  await store.put('a/b', text('1'))
  expect(remembering.url).toBe(store.url)
  const keys: string[] = []
  for await (const { key } of remembering.list('a/')) keys.push(key)
  expect(keys).toEqual(['a/b'])
  expect(await remembering.head('a/b')).toMatchObject({ size: 1 })
})
test('another server with a bucket of the same name: never answered with objects of this one', async () => {
  const { store, link, folder } = await open()
  await store.put('k', text('1'))
  const of = (at: string) => rememberingStore({ store, at, folder, onAway: () => {} })
  await of('http://production').get('k')
  link.error = new DwhError('STORE_UNREACHABLE', 'away')
  expect(Buffer.from((await of('http://production').get('k'))?.body ?? []).toString()).toBe('1')
  await expect(of('http://staging').get('k')).rejects.toBe(link.error)
})
