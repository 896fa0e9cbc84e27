import { dayManifestKey, monthIndexKey, type ObjectStore } from '@dwh/core'
import { describe, expect, test } from 'vitest'
import { listDays, readManifest, readMonth, readMonths, readState, writeState } from './index.ts'
import { memoryStore } from './memory-store.ts'
import { answersOf, id, run, settle, TODAY } from './test-support.ts'

const LIST = dayManifestKey(TODAY, id(1))
const INDEX = monthIndexKey('2026-02', id(1))

async function open(): Promise<ObjectStore> {
  const store = memoryStore()
  await run(store, id(1), { a: 'A1' })
  return store
}

describe('days', () => {
  test('of several months: in order; a day or month without a list is null', async () => {
    const store = await open()
    await run(store, id(2), { a: 'A2' }, { date: '2025-12-31' })
    const { state } = await readState(store)
    expect(await listDays(store, state)).toEqual(['2025-12-31', TODAY])
    expect([...(await readMonths(store, state)).keys()]).toEqual(['2025-12', '2026-02'])
    for (const day of ['2026-02-17', '2026-01-01', 'constructor'])
      expect(await readManifest(store, state, day)).toBeNull()
    expect(await readMonth(store, state, '2026-01')).toBeNull()
    expect(await listDays(memoryStore(), (await readState(memoryStore())).state)).toEqual([])
  })

  test.each([
    ['list', LIST],
    ['index', INDEX],
  ])('a %s that is missing, and still named: damaged', async (_, key) => {
    const store = await open()
    const { state } = await readState(store)
    await store.delete(key)
    await expect(readManifest(store, state, TODAY)).rejects.toMatchObject({
      code: 'DAMAGED',
      message: `${key}: missing`,
      context: { key },
    })
  })

  test.each([
    ['list', LIST],
    ['index', INDEX],
  ])('a %s with other bytes than promised, even if they are valid: damaged', async (_, key) => {
    const store = await open()
    const { state } = await readState(store)
    await run(store, id(2), { a: 'A2' })
    const other = await store.get(key.replace(id(1), id(2)))
    await store.put(key, other?.body ?? new Uint8Array())
    await expect(readManifest(store, state, TODAY)).rejects.toMatchObject({
      code: 'DAMAGED',
      message: expect.stringMatching(/not the bytes that were written: expected SHA-256 [0-9a-f]{64}$/),
    })
  })

  test('etl.json was read long ago, and what it named is removed: what is there now', async () => {
    const store = await open()
    const { state } = await readState(store)
    await run(store, id(2), { a: 'A2' })
    await run(store, id(3), { a: 'A3' }, { date: '2026-02-19' })
    await settle(store)
    expect([await store.head(LIST), await store.head(INDEX)]).toEqual([null, null])
    expect(await answersOf(store, TODAY, state)).toEqual({ a: 'A2' })
    expect(await listDays(store, state)).toEqual([TODAY, '2026-02-19'])
  })

  test('its list is removed between the index and the list: what is there now', async () => {
    const store = await open()
    const { state } = await readState(store)
    let slept = false
    const slow: ObjectStore = {
      ...store,
      async get(key) {
        const found = await store.get(key)
        if (key === INDEX && !slept) {
          slept = true
          await run(store, id(2), { a: 'A2' })
          await settle(store)
        }
        return found
      },
    }
    expect((await readManifest(slow, state, TODAY))?.run_id).toBe(id(2))
  })

  test('its month is removed meanwhile, as by `dwh prune`: none', async () => {
    const store = await open()
    const base = await readState(store)
    await writeState(store, base, { ...base.state, months: {} })
    await store.delete(INDEX)
    expect(await readManifest(store, base.state, TODAY)).toBeNull()
  })
})
