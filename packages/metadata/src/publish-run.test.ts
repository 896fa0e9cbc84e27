import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  dayManifestKey,
  formatTableName,
  monthIndexKey,
  type ObjectStore,
  partKey,
  STATE_KEY,
  type TableEntry,
  tableFileKey,
} from '@dwh/core'
import { localStore } from '@dwh/storage'
import { temporaryFolder } from '@dwh/test-kit'
import { describe, expect, test } from 'vitest'
import { clean, readBase, readManifest, readState, recordFailure, refreshCopies, serialise } from './index.ts'
import { memoryStore } from './memory-store.ts'
import {
  answers,
  answersOf,
  find,
  hoursLater,
  id,
  keys,
  NOW,
  newId,
  openFolder,
  run,
  settle,
  strays,
  textOf,
} from './test-support.ts'

const TODAY = '2026-02-18'
const fileOf = (name: string, n: number, day = TODAY) => partKey({ schema: 'public', name }, day, id(n))

describe('a run is published without its failed tables', () => {
  const failed = { b: { code: 'VALUE_REFUSED', message: 'b: no', hint: null } }
  const failure = { run_id: id(2), at: NOW.toISOString(), ...failed.b }

  test('a failed table: keeps its file and its entry in the list of the day, until a run reads it again', async () => {
    const store = memoryStore()
    await run(store, id(1), { a: 'A1', b: 'B1' })
    const { state } = await run(store, id(2), { a: 'A2' }, { failed })
    expect(state).toMatchObject({
      status: 'partial',
      run_id: id(2),
      counts: { a: 2, b: 2 },
      failed_tables: { b: failure },
    })
    expect(await answers(store, state)).toEqual({ a: 'A2', b: 'B1' })
    const manifest = await readManifest(store, (await readState(store)).state, TODAY)
    expect(Object.entries(manifest?.tables ?? {}).map(([name, { run_id }]) => [name, run_id])).toEqual([
      ['a', id(2)],
      ['b', id(1)],
    ])
    const some = await run(store, id(3), { a: 'A3' })
    expect(some.state).toMatchObject({ status: 'success', failed_tables: { b: failure } })
    expect((await run(store, id(4), { b: 'B4' })).state.failed_tables).toEqual({})
  })

  test('a failed table that was never published: absent, forgotten by the next run that does not try it', async () => {
    const store = memoryStore()
    const { state } = await run(store, id(2), { a: 'A2' }, { failed })
    expect([Object.keys(state.tables), state.failed_tables]).toEqual([['a'], { b: failure }])
    expect((await run(store, id(3), { a: 'A3' })).state.failed_tables).toEqual({})
  })

  test('a failed table that is removed later: no longer listed', async () => {
    const store = memoryStore()
    await run(store, id(1), { a: 'A1', b: 'B1' })
    await run(store, id(2), { a: 'A2' }, { failed })
    expect((await run(store, id(3), { a: 'A3' }, { dropped: ['b'] })).state.failed_tables).toEqual({})
  })

  test('a run for an earlier day: does not affect a newer table', async () => {
    const store = memoryStore()
    await run(store, id(1), { a: 'A1', b: 'B1' })
    const { state } = await run(store, id(2), { a: 'A2' }, { failed, date: '2026-02-17' })
    expect(state).toMatchObject({ status: 'partial', failed_tables: {} })
    expect(await answers(store, state)).toEqual({ a: 'A1', b: 'B1' })
  })
})

describe('a run is published', () => {
  test('the first: etl.json names its files, which have plain copies, and there are no others', async () => {
    const store = await openFolder()
    const { state, unfinished } = await run(store, id(1), { a: 'A1', b: 'B1' })
    expect(unfinished).toBeNull()
    expect(await keys(store)).toEqual([
      dayManifestKey(TODAY, id(1)),
      monthIndexKey('2026-02', id(1)),
      fileOf('a', 1),
      fileOf('b', 1),
      'a/2026/02/18.parquet',
      'b/2026/02/18.parquet',
      'etl.json',
    ])
    const now = (await readState(store)).state
    const until = hoursLater(24).toISOString()
    expect(state).toMatchObject({ copies_pending: [TODAY], retired: [{ run_id: id(1), until: null, keys: [] }] })
    expect(now).toEqual({ ...state, copies_pending: [], retired: [{ ...state.retired[0], until }] })
    expect(now).toMatchObject({
      version: 4,
      status: 'success',
      run_id: id(1),
      last_run_at: NOW.toISOString(),
      duration_ms: 1000,
      counts: { a: 2, b: 2 },
      sources: { default: { kind: 'postgres', database: 'app' } },
      fencing_token: 1,
      months: { '2026-02': { key: monthIndexKey('2026-02', id(1)) } },
      last_failure: null,
      conditional_writes: true,
    })
    expect(await answers(store, now)).toEqual({ a: 'A1', b: 'B1' })
    expect(await readManifest(store, now, TODAY)).toMatchObject({ date: TODAY, run_id: id(1), tables: now.tables })
    expect(await strays(store)).toEqual([])
  })

  test('again on the same day: what it replaces is retired, and stays for a day after the copies are made', async () => {
    const store = await openFolder()
    await run(store, id(1), { a: 'A1', b: 'B1' })
    const before = (await readState(store)).state
    await run(store, id(2), { a: 'A2', b: 'B1' })
    const { state } = await readState(store)
    expect(await answers(store, state)).toEqual({ a: 'A2', b: 'B1' })
    expect(state.retired[1]).toEqual({
      run_id: id(2),
      until: hoursLater(24).toISOString(),
      days: [TODAY],
      keys: [monthIndexKey('2026-02', id(1)), dayManifestKey(TODAY, id(1)), fileOf('a', 1), fileOf('b', 1)],
    })
    // a reader of the etl.json before finds all that it reached
    expect(await answersOf(store, TODAY, before)).toEqual({ a: 'A1', b: 'B1' })
    expect(await textOf(store, 'a/2026/02/18.parquet')).toBe('A2')
    await clean(store, { now: hoursLater(24), raiseToken: false, whole: true })
    expect(await answersOf(store, TODAY, before)).toEqual({ a: 'A1', b: 'B1' })
    await settle(store)
    expect(await strays(store)).toEqual([])
    expect(await keys(store, '_dwh/parts/')).toEqual([fileOf('a', 2), fileOf('b', 2)])
    expect((await readState(store)).state).toMatchObject({ retired: [], copies_pending: [] })
  })

  test('the next day: current moves, the day before stays, and only the index is retired', async () => {
    const store = memoryStore()
    await run(store, id(1), { a: 'A1' })
    await run(store, id(2), { a: 'A2' }, { date: '2026-02-19' })
    const { state } = await readState(store)
    expect(await answers(store, state)).toEqual({ a: 'A2' })
    // etl.json named the file of the day before, and does so no longer: its list still does
    expect(state.retired[1]?.keys).toEqual([monthIndexKey('2026-02', id(1)), fileOf('a', 1)])
    await settle(store)
    expect(await answersOf(store, TODAY)).toEqual({ a: 'A1' })
    expect(await strays(store)).toEqual([])
  })

  test('an earlier day: its list and files are there, the current views do not move', async () => {
    const store = memoryStore()
    await run(store, id(1), { a: 'A1' })
    await run(store, id(2), { a: 'A0', b: 'B0' }, { date: '2026-02-10' })
    const { state } = await readState(store)
    expect(await answers(store, state)).toEqual({ a: 'A1', b: 'B0' })
    expect(state).toMatchObject({ run_id: id(2), counts: { a: 2, b: 2 } })
    await run(store, id(3), { a: 'A9' }, { date: '2026-02-10' })
    const after = (await readState(store)).state
    expect(await answers(store, after)).toEqual({ a: 'A1', b: 'B0' })
    expect(await answersOf(store, '2026-02-10')).toEqual({ a: 'A9', b: 'B0' })
    expect(after.retired[2]?.keys).toEqual([
      monthIndexKey('2026-02', id(2)),
      dayManifestKey('2026-02-10', id(2)),
      fileOf('a', 2, '2026-02-10'),
    ])
  })

  test('days of several months: each month has an index, and the newest tells of all others', async () => {
    const store = memoryStore()
    for (const [n, date] of ['2025-12-31', '2026-01-31', '2026-02-18', '2026-01-30'].entries())
      await run(store, id(n), { a: `A${n}` }, { date })
    const { state } = await readState(store)
    expect(Object.entries(state.months).map(([month, { key }]) => [month, key])).toEqual([
      ['2025-12', monthIndexKey('2025-12', id(0))],
      ['2026-01', monthIndexKey('2026-01', id(3))],
      ['2026-02', monthIndexKey('2026-02', id(2))],
    ])
    expect(await answersOf(store, '2026-01-30')).toEqual({ a: 'A3' })
    expect(await answersOf(store, '2025-12-31')).toEqual({ a: 'A0' })
    expect(await answers(store, state)).toEqual({ a: 'A2' })
    const { root } = JSON.parse((await textOf(store, monthIndexKey('2026-01', id(3)))) ?? '')
    expect(root).toMatchObject({ current: { a: TODAY }, sources: { default: { database: 'app' } } })
    expect(root.others).toEqual({ '2025-12': state.months['2025-12'], '2026-02': state.months['2026-02'] })
    await settle(store)
    expect(await strays(store)).toEqual([])
  })

  test('some tables only: the others stay, in etl.json and in the day', async () => {
    const store = memoryStore()
    await run(store, id(1), { a: 'A1', b: 'B1' })
    await run(store, id(2), { b: 'B2' })
    const { state } = await readState(store)
    expect(await answers(store, state)).toEqual({ a: 'A1', b: 'B2' })
    expect(state.tables.a?.run_id).toBe(id(1))
    expect(await answersOf(store, TODAY)).toEqual({ a: 'A1', b: 'B2' })
    await settle(store)
    expect(await strays(store)).toEqual([])
  })

  test('a table that is gone: leaves the views and keeps its history', async () => {
    const store = memoryStore()
    await run(store, id(1), { a: 'A1', b: 'B1' })
    await run(store, id(2), { a: 'A2' }, { dropped: ['b'] })
    const { state } = await readState(store)
    expect(await answers(store, state)).toEqual({ a: 'A2' })
    expect(state.counts).toEqual({ a: 2 })
    await settle(store)
    expect(await answersOf(store, TODAY)).toEqual({ a: 'A2', b: 'B1' })
    expect(await strays(store)).toEqual([])
  })

  test('tables with hostile names: published, copied and cleaned like any other', async () => {
    const store = await openFolder()
    const names = ['__proto__', 'constructor', 'a.b', '🦆', '../../etc/x', 'x\ny', '_dwh', 'A', 'a'.repeat(300)]
    const tables = (n: number) =>
      Object.fromEntries(names.map((name, i) => [formatTableName({ schema: 'public', name }), `${i} of ${n}`]))
    await run(store, id(1), tables(1))
    await run(store, id(2), tables(2))
    await settle(store)
    expect(await answersOf(store, TODAY)).toEqual(tables(2))
    expect(await strays(store)).toEqual([])
    expect(await textOf(store, tableFileKey({ schema: 'public', name: '../../etc/x' }, TODAY))).toBe('4 of 2')
  })

  test('fields that a later version added to etl.json and a list: preserved', async () => {
    const store = memoryStore()
    await run(store, id(1), { a: 'A1', b: 'B1' })
    const now = await readState(store)
    const table = { ...(now.state.tables.a as TableEntry), partitions: 3 }
    const state = { ...now.state, novelty: { x: 1 }, tables: { ...now.state.tables, a: table } }
    await store.put(STATE_KEY, serialise(state), { ifMatch: now.etag ?? '' })
    await run(store, id(2), { b: 'B2' })
    expect((await readState(store)).state).toMatchObject({
      novelty: { x: 1 },
      tables: { a: { partitions: 3 }, b: { run_id: id(2) } },
    })
  })

  test('other programs: read the published state and tables as plain files', async () => {
    const path = await temporaryFolder()
    await run(localStore({ path }), id(1), { a: 'A1' })
    const read = async (key: string) => readFile(join(path, key), 'utf8')
    expect(JSON.parse(await read('etl.json'))).toMatchObject({ run_id: id(1), copies_pending: [] })
    expect(JSON.parse(await read(dayManifestKey(TODAY, id(1))))).toMatchObject({ run_id: id(1) })
    expect(await read('a/2026/02/18.parquet')).toBe('A1')
  })
})

describe('two runs at once', () => {
  async function open(): Promise<ObjectStore> {
    const store = memoryStore()
    await run(store, id(0), { a: 'A0', b: 'B0' })
    return store
  }

  test('two runs from one base: the slower one loses, knows it, and does not change the faster one', async () => {
    const store = await open()
    const base = await readBase(store, newId)
    await run(store, id(1), { a: 'A1' })
    await expect(run(store, id(2), { b: 'B2' }, { base })).rejects.toMatchObject({
      code: 'CONFLICT',
      message: `run ${id(2)}: another run committed first (${id(1)})`,
      hint: expect.stringContaining('This run published nothing'),
    })
    expect(await answersOf(store, TODAY)).toEqual({ a: 'A1', b: 'B0' })
    // what it had stored is removed by a clean-up
    expect(await store.head(fileOf('b', 2))).not.toBeNull()
    await settle(store)
    expect(await strays(store)).toEqual([])
  })

  test('a failure noted, or plain copies made, in between: does not make the run lose', async () => {
    const store = memoryStore()
    await run(store, id(0), { a: 'A0' }, { base: await readBase(store, newId) })
    const failure = { run_id: id(9), at: NOW.toISOString(), code: 'RUN_FAILED', message: 'x', hint: null, tables: [] }
    const pending = await readState(store)
    await store.put(STATE_KEY, serialise({ ...pending.state, copies_pending: [TODAY] }), {
      ifMatch: pending.etag ?? '',
    })
    const base = await readBase(store, newId)
    await recordFailure(store, failure)
    await refreshCopies(store, { clock: () => NOW })
    await run(store, id(1), { a: 'A1' }, { base })
    const { state } = await readState(store)
    expect(state).toMatchObject({ run_id: id(1), last_failure: null, copies_pending: [] })
    expect(state.retired.map(({ run_id }) => run_id)).toEqual([id(0), id(1)])
  })

  test('a failure noted at the very moment of the commit: kept out of the way, and the commit repeated', async () => {
    const store = await open()
    const failure = { run_id: id(9), at: NOW.toISOString(), code: 'RUN_FAILED', message: 'x', hint: null, tables: [] }
    let noted = 0
    const noting: ObjectStore = {
      ...store,
      async put(key, body, condition) {
        if (key === STATE_KEY && noted < 3) {
          noted += 1
          await recordFailure(store, { ...failure, message: `${noted}` })
        }
        return store.put(key, body, condition)
      },
    }
    expect(await run(noting, id(1), { a: 'A1' })).toMatchObject({ unfinished: null, state: { run_id: id(1) } })
    expect([noted, await answersOf(store, TODAY)]).toEqual([3, { a: 'A1', b: 'B0' }])
  })

  test('a run that sleeps past a clean-up which found its files: loses, and says why', async () => {
    const store = await open()
    const base = await readBase(store, newId)
    await run(store, id(1), { a: 'A1' }, { base }).catch(() => null)
    const slow = await readBase(store, newId)
    await store.put(fileOf('a', 2), Buffer.from('A2'))
    const { removed } = await clean(store, { now: NOW, raiseToken: false, whole: true })
    expect(removed).toEqual([fileOf('a', 2)])
    await expect(run(store, id(2), { a: 'A2' }, { base: slow })).rejects.toMatchObject({
      code: 'CONFLICT',
      message: `run ${id(2)}: old objects were removed while it ran`,
    })
    expect(await answersOf(store, TODAY)).toEqual({ a: 'A1', b: 'B0' })
  })

  test('two runs on a store that ignores conditions: each thinks that it won, and readers see one of them whole', async () => {
    const store = memoryStore()
    const blind: ObjectStore = {
      ...store,
      put: (key, body) => store.put(key, body),
      conditionalWrites: async () => false,
    }
    await run(blind, id(0), { a: 'A0', b: 'B0' })
    const base = await readBase(blind, newId)
    await run(blind, id(1), { a: 'A1', b: 'B1' }, { base })
    await run(blind, id(2), { a: 'A2', b: 'B2' }, { base })
    const { state } = await readState(blind)
    expect(state.conditional_writes).toBe(false)
    expect(await answersOf(blind, TODAY)).toEqual({ a: 'A2', b: 'B2' })
    expect(await find(blind, state, state.tables.a?.files[0])).toBe('A2')
    // those of the other may still be believed in: they are not removed for 7 days
    await clean(blind, { now: hoursLater(7 * 24 - 1), raiseToken: false, whole: true })
    expect(await store.head(fileOf('a', 1))).not.toBeNull()
    await settle(blind)
    expect(await strays(blind)).toEqual([])
  })
})
