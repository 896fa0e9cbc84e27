import {
  DwhError,
  dayManifestKey,
  monthIndexKey,
  type ObjectStore,
  parseTableName,
  partKey,
  processName,
  STATE_KEY,
  writtenBy,
} from '@dwh/core'
import { describe, expect, test } from 'vitest'
import { clean, listDays, readBase, readState, refreshCopies, serialise, writeState } from './index.ts'
import { memoryStore } from './memory-store.ts'
import { answers, answersOf, hoursLater, id, keys, NOW, newId, openFolder, run, strays, TODAY } from './test-support.ts'

const WHOLE = { now: NOW, raiseToken: false, whole: true }
const fileOf = (n: number, day = TODAY) => partKey(parseTableName('a'), day, id(n))
/** What a run stores before its commit. */
const leftBy = (n: number) => [dayManifestKey(TODAY, id(n)), monthIndexKey('2026-02', id(n)), fileOf(n)]

async function leave(store: ObjectStore, n: number): Promise<void> {
  for (const key of leftBy(n)) await store.put(key, Buffer.from('left'))
}

/** A warehouse of two runs of one day. */
async function open(store: ObjectStore = memoryStore()): Promise<ObjectStore> {
  await run(store, id(1), { a: 'A1' })
  await run(store, id(2), { a: 'A2' })
  return store
}

describe('orphans', () => {
  test.each([
    ['a folder', openFolder],
    ['a bucket', async () => memoryStore()],
  ])('in %s: removed after the fencing token has increased, so that no earlier run commits', async (_, make) => {
    const store = await open(await make())
    await leave(store, 7)
    const others = [
      `_dwh/stage/${id(6)}/a/2026/02/18.parquet`,
      `_dwh/kept/${id(6)}/a/2026/02/18.parquet`,
      `_dwh/probe/${processName().replace(/-\d+-/, '-4194305-')}-ab`,
    ]
    for (const key of others) await store.put(key, Buffer.from('1'))
    const base = await readState(store)
    const { removed, orphans, state } = await clean(store, WHOLE)
    expect([...removed].sort()).toEqual([...leftBy(7), ...others].sort())
    expect([orphans, state.fencing_token]).toEqual([removed, 3])
    for (const key of removed) expect(await store.head(key)).toBeNull()
    await expect(writeState(store, base, base.state)).rejects.toMatchObject({ code: 'CONFLICT' })
    expect(await answersOf(store, TODAY)).toEqual({ a: 'A2' })
  })

  test('none: nothing is written, unless other runs must fail to commit', async () => {
    const store = await open()
    const base = await readState(store)
    expect(await clean(store, WHOLE)).toMatchObject({ removed: [], etag: base.etag })
    for (const whole of [true, false])
      expect((await clean(store, { ...WHOLE, whole, raiseToken: true })).state.fencing_token).toBe(whole ? 3 : 4)
    await expect(writeState(store, base, base.state)).rejects.toMatchObject({ code: 'CONFLICT' })
  })

  test('only with `whole`: all objects are listed', async () => {
    const store = await open()
    await leave(store, 7)
    expect((await clean(store, { ...WHOLE, whole: false, now: hoursLater(25) })).removed).toEqual([
      ...[monthIndexKey('2026-02', id(1)), dayManifestKey(TODAY, id(1)), fileOf(1)],
    ])
    expect((await clean(store, WHOLE)).orphans).toHaveLength(3)
  })

  test('objects of others below the same folders: stay', async () => {
    const store = await open()
    const mine = ['_dwh/parts/notes.txt', '_dwh/index/2026-02.json', 'a/2026/02/17.parquet', 'notes.txt']
    for (const key of mine) await store.put(key, Buffer.from('1'))
    expect((await clean(store, WHOLE)).removed).toEqual([])
  })

  test('the power is cut after the fencing token has increased: the next clean-up removes the rest', async () => {
    const store = await open()
    await leave(store, 7)
    let deleted = 0
    const dying: ObjectStore = {
      ...store,
      async delete(key) {
        deleted += 1
        if (deleted > 1) throw new DwhError('STORE_UNREACHABLE', 'the power is out')
        return store.delete(key)
      },
    }
    await expect(clean(dying, { ...WHOLE, now: hoursLater(25) })).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' })
    await clean(store, WHOLE)
    await refreshCopies(store, { clock: () => NOW })
    expect(await strays(store)).toEqual([])
  })
})

describe('what a commit replaced', () => {
  const group = [monthIndexKey('2026-02', id(1)), dayManifestKey(TODAY, id(1)), fileOf(1)]

  test('before its time is over: stays; after: removed, and its days are looked at once more', async () => {
    const store = await open()
    const at = async (hours: number) => clean(store, { ...WHOLE, now: hoursLater(hours) })
    expect((await at(24)).removed).toEqual([])
    const { removed, orphans, state } = await at(24.1)
    expect([removed, orphans]).toEqual([group, []])
    expect(state).toMatchObject({ retired: [], copies_pending: [TODAY], fencing_token: 3 })
  })

  test('still named by another list: stays, though its time is over', async () => {
    const store = memoryStore()
    await run(store, id(1), { a: 'A1' })
    await run(store, id(2), { a: 'A2' }, { date: '2026-02-19' })
    expect((await readState(store)).state.retired[1]?.keys).toContain(fileOf(1))
    await clean(store, { ...WHOLE, now: hoursLater(25) })
    expect(await answersOf(store, TODAY)).toEqual({ a: 'A1' })
    expect((await readState(store)).state.retired).toEqual([])
  })

  test('also held by a group whose time is not over: stays', async () => {
    const store = await open()
    const base = await readState(store)
    const later = { run_id: id(5), until: hoursLater(48).toISOString(), days: [], keys: [fileOf(1)] }
    await writeState(store, base, { ...base.state, retired: [...base.state.retired, later] })
    expect((await clean(store, { ...WHOLE, now: hoursLater(25) })).removed).not.toContain(fileOf(1))
    expect((await clean(store, { ...WHOLE, now: hoursLater(49) })).removed).toEqual([fileOf(1)])
  })

  test('a plain path: never removed by a clean-up', async () => {
    const store = await open()
    const base = await readState(store)
    const group = { run_id: id(5), until: hoursLater(1).toISOString(), days: [TODAY], keys: ['a/2026/02/18.parquet'] }
    await writeState(store, base, { ...base.state, retired: [group] })
    expect((await clean(store, { ...WHOLE, now: hoursLater(2) })).removed).not.toContain('a/2026/02/18.parquet')
    expect(await store.head('a/2026/02/18.parquet')).not.toBeNull()
  })
})

describe('two at once', () => {
  test('a run commits between the list and the new fencing token: its objects are listed anew, and stay', async () => {
    const store = await open()
    const base = await readBase(store, newId)
    await leave(store, 7)
    let committed = false
    const slow: ObjectStore = {
      ...store,
      async put(key, body, condition) {
        if (key === STATE_KEY && !committed) {
          committed = true
          await run(store, id(3), { a: 'A3' }, { base })
        }
        return store.put(key, body, condition)
      },
    }
    const { removed } = await clean(slow, WHOLE)
    expect(removed.map(writtenBy)).toEqual(leftBy(7).map(() => id(7)))
    expect(await answersOf(store, TODAY)).toEqual({ a: 'A3' })
  })

  test('a run stores its files after the list, and commits after the new fencing token: loses, and its files stay for the next', async () => {
    const store = await open()
    const base = await readBase(store, newId)
    await leave(store, 7)
    await clean(store, WHOLE)
    await expect(run(store, id(3), { a: 'A3' }, { base })).rejects.toMatchObject({ code: 'CONFLICT' })
    expect((await clean(store, WHOLE)).orphans.map(writtenBy)).toEqual([id(3), id(3), id(3)])
  })

  test('two clean-ups: what both have listed is removed once', async () => {
    const store = await open()
    await leave(store, 7)
    const both = await Promise.all([clean(store, WHOLE), clean(store, WHOLE)])
    expect(both.flatMap(({ removed }) => removed).sort()).toEqual([...leftBy(7)].sort())
    expect(await answers(store, (await readState(store)).state)).toEqual({ a: 'A2' })
  })
})

describe('not known what is named', () => {
  test.each([
    ['missing', async (store: ObjectStore, key: string) => store.delete(key)],
    ['damaged', async (store: ObjectStore, key: string) => void (await store.put(key, Buffer.from('{}')))],
  ])('an index that is %s: nothing is removed, and the reason returned', async (what, spoil) => {
    const store = await open()
    await leave(store, 7)
    const key = monthIndexKey('2026-02', id(2))
    await spoil(store, key)
    const before = await keys(store)
    const cleaned = await clean(store, { ...WHOLE, now: hoursLater(25) })
    expect(cleaned).toMatchObject({ removed: [], orphans: [], problem: { code: 'DAMAGED' } })
    expect(cleaned.problem?.message).toContain(what === 'missing' ? `${key}: missing` : `${key}: not the bytes`)
    expect([await keys(store), cleaned.state.fencing_token]).toEqual([before, 2])
    // a lease that was taken over gets a new token all the same
    expect((await clean(store, { ...WHOLE, raiseToken: true })).state.fencing_token).toBe(3)
  })

  test('etl.json is missing: nothing is removed, and none is made', async () => {
    const store = await open()
    await store.delete(STATE_KEY)
    const before = await keys(store)
    expect(await clean(store, { ...WHOLE, raiseToken: true })).toMatchObject({ removed: [], etag: null })
    expect(await keys(store)).toEqual(before)
    await expect(readBase(store, newId)).rejects.toMatchObject({
      code: 'STATE_INVALID',
      message: `etl.json: missing, although there is ${fileOf(1)}`,
    })
  })
})

test('a store that ignores conditions: only what is older than 7 days is removed', async () => {
  const store: ObjectStore = { ...memoryStore(), conditionalWrites: async () => false }
  await open(store)
  await leave(store, 7)
  await store.put(`_dwh/stage/${id(6)}/x`, Buffer.from('1'))
  const removedAt = async (days: number) =>
    (await clean(store, { ...WHOLE, now: hoursLater(days * 24) })).removed.map((key) => key.replace(/\d\d-ab/, ''))
  expect(await removedAt(6.9)).toEqual([])
  // by the start of their runs; what was replaced: a day, and 7 more
  expect(await removedAt(7)).toHaveLength(4)
  expect(await removedAt(8)).toHaveLength(0)
  expect(await removedAt(8.1)).toHaveLength(3)
})

test('a store that honours conditions no longer, as after a copy to another: its word counts, not that of etl.json', async () => {
  const store = await open()
  await leave(store, 7)
  const base = await readState(store)
  expect(base.state.conditional_writes).toBe(true)
  const moved: ObjectStore = { ...store, conditionalWrites: async () => false }
  expect((await clean(moved, WHOLE)).removed).toEqual([])
  expect(await listDays(moved, base.state)).toEqual([TODAY])
})

test('a group whose end is not a time: stays', async () => {
  const store = await open()
  const base = await readState(store)
  const group = { run_id: id(5), until: 'soon', days: [], keys: [fileOf(1)] }
  await store.put(STATE_KEY, serialise({ ...base.state, retired: [group] }), { ifMatch: base.etag ?? '' })
  expect((await clean(store, { ...WHOLE, now: hoursLater(9999) })).removed).not.toContain(fileOf(1))
})
