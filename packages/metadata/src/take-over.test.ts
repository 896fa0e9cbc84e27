import { createHash } from 'node:crypto'
import { cp } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { DwhError, dayManifestKey, manifestKey, monthIndexKey, type ObjectStore, STATE_KEY, wrapStore } from '@dwh/core'
import { localStore } from '@dwh/storage'
import { temporaryFolder } from '@dwh/test-kit'
import { describe, expect, test } from 'vitest'
import { clean, listDays, readBase, readManifest, readState, recordFailure, refreshCopies, serialise } from './index.ts'
import { memoryStore } from './memory-store.ts'
import { answers, answersOf, cutAfter, entry, id, keys, newId, run, settle, strays, textOf } from './test-support.ts'

/**
 * Warehouses that the last programs of versions 1, 2 and 3 wrote. `version-3-interrupted` is `version-3` after a run of
 * two tables that died between its commit and the end, with one of its files in place.
 */
function pathOf(name: string): string {
  const at = name.startsWith('version-3') ? '../fixtures' : '../../maintenance/fixtures'
  return fileURLToPath(new URL(`${at}/${name}`, import.meta.url))
}

/** When the fixtures were written, or later; before what they retain may be removed. */
const WRITTEN: Readonly<Record<string, Date>> = {
  'version-1': new Date('2026-03-01T05:00:00Z'),
  'version-2': new Date('2026-11-30T12:00:00Z'),
  'version-3': new Date('2026-03-01T05:00:00Z'),
  'version-3-interrupted': new Date('2026-03-01T05:00:00Z'),
}

async function openFolderOf(name: string): Promise<ObjectStore> {
  const path = await temporaryFolder()
  await cp(pathOf(name), path, { recursive: true })
  return localStore({ path })
}

/** The same in memory, which is faster. */
async function openFixture(name: string): Promise<ObjectStore> {
  return inMemory(localStore({ path: pathOf(name) }))
}

/** The hashes of the files of each day and of the current tables, as a reader finds them. */
async function contents(store: ObjectStore): Promise<Record<string, unknown>> {
  const { state } = await readState(store)
  const hashed = (texts: Record<string, string | null> | null) =>
    Object.entries(texts ?? {}).map(([name, text]) => [name, text && createHash('sha1').update(text).digest('hex')])
  const found: Record<string, unknown> = { current: hashed(await answers(store, state)) }
  for (const day of await listDays(store, state)) found[day] = hashed(await answersOf(store, day, state))
  return found
}

describe.each(Object.keys(WRITTEN))('a warehouse of %s', (name) => {
  test('taken over: the same days and tables with the same bytes, and readers of before find theirs', async () => {
    const store = await openFixture(name)
    const before = await readState(store)
    expect(before.state.older).toBeDefined()
    const was = await contents(store)
    const base = await readBase(store, newId)
    expect(base.state).toMatchObject({ version: 4, fencing_token: before.state.fencing_token + 1 })
    expect(base.state.older).toBeUndefined()
    expect(await readState(store)).toEqual(base)
    expect(await contents(store)).toEqual(was)
    for (const day of Object.keys(was).filter((day) => day !== 'current'))
      expect(Object.values((await answersOf(store, day, before.state)) ?? { none: null })).not.toContain(null)
    // the next run finds nothing more to take over
    expect(await readBase(store, newId)).toEqual(base)
  })

  test('published to, cleaned and settled: history stays, no object of before is left over', async () => {
    const store = await openFolderOf(name)
    const was = await contents(store)
    const now = WRITTEN[name] ?? new Date()
    const date = now.toISOString().slice(0, 10)
    const day = (await answersOf(store, date)) ?? {}
    const old = await readState(store)
    const runId = `${now.toISOString().slice(0, 10).replaceAll('-', '')}T040000Z-ff`
    const [table = ''] = Object.keys(day)
    await run(store, runId, { [table]: 'new' }, { date, now })
    // readers of before: also after a clean-up within their time
    await clean(store, { now, raiseToken: false, whole: true })
    expect(await answersOf(store, date, old.state)).toEqual(day)
    await settle(store, now)
    expect(await answersOf(store, date)).toEqual({ ...day, [table]: 'new' })
    expect(await contents(store)).toMatchObject(
      Object.fromEntries(Object.entries(was).filter(([key]) => key !== date && key !== 'current')),
    )
    expect((await strays(store)).filter((key) => !/^_dwh\/(runs|lock)/.test(key))).toEqual([])
    expect((await readState(store)).state).toMatchObject({ retired: [], copies_pending: [] })
  })

  test('the power is cut at any request: as before or taken over, and the next run goes on', async () => {
    const fixture = await openFixture(name)
    const was = await contents(fixture)
    for (let requests = 1; ; requests += 1) {
      const store = await inMemory(fixture)
      const failed = await readBase(cutAfter(store, requests, requests % 2 === 0), newId).catch((error) => error)
      expect(await contents(store)).toEqual(was)
      await readBase(store, newId)
      expect(await contents(store)).toEqual(was)
      await settle(store, WRITTEN[name])
      expect((await strays(store)).filter((key) => !/^_dwh\/(runs|lock)/.test(key))).toEqual([])
      if (!(failed instanceof Error)) break
    }
  })
})

async function inMemory(from: ObjectStore): Promise<ObjectStore> {
  const store = memoryStore()
  for (const key of await keys(from)) await store.put(key, (await from.get(key))?.body ?? new Uint8Array())
  return store
}

describe('version 3', () => {
  const DAY = '2026-03-01'

  test('its lists and indexes get keys of their own; its files stay where they are', async () => {
    const store = await openFixture('version-3')
    const files = await keys(store, '')
    const { state } = await readBase(store, () => '20260301T050000Z-77')
    expect(Object.entries(state.months).map(([month, { key }]) => [month, key])).toEqual(
      ['2026-01', '2026-02', '2026-03'].map((month) => [month, monthIndexKey(month, '20260301T050000Z-77')]),
    )
    expect(await keys(store, '_dwh/days/')).toEqual(
      ['2026-01-31', '2026-02-28', DAY].map((day) => dayManifestKey(day, '20260301T050000Z-77')),
    )
    expect(await keys(store, '_dwh/parts/')).toEqual([])
    expect(await keys(store)).toEqual(expect.arrayContaining(files))
    expect(state.tables.a?.files[0]?.key).toBe('a/2026/03/01.parquet')
    expect(state.former_tables).toEqual(['gone'])
    // what it retained and pruned keeps its time; its lists get theirs once the copies are made
    expect(state.retired.map(({ until, days, keys }) => [until, days, keys.length])).toEqual([
      [expect.stringMatching(/^2026-03-02T04:00/), [], 3],
      [expect.stringMatching(/^2026-03-02T04:00/), ['2026-01-30'], 0],
      [null, [], 3],
    ])
  })

  test('a run that died after its commit: its files get keys of their own, from both places', async () => {
    const store = await openFixture('version-3-interrupted')
    const { publishing } = (await readState(store)).state.older ?? {}
    expect(publishing?.date).toBe(DAY)
    const { state } = await readBase(store, newId)
    const named = ['a', 'b', 'c'].map((table) => state.tables[table]?.files[0]?.key ?? '')
    expect(named.map((key) => key.startsWith('_dwh/parts/'))).toEqual([true, true, false])
    expect(state.copies_pending).toEqual([DAY])
    expect((await readManifest(store, state, DAY))?.tables.b?.files[0]?.key).toBe(named[1])
    // readers of before look for them in their places, too, where nothing is changed within their time
    await refreshCopies(store, { clock: () => new Date('2026-03-01T05:00:00Z') })
    expect((await readState(store)).state.copies_pending).toEqual([DAY])
    await settle(store, WRITTEN['version-3-interrupted'])
    expect(await textOf(store, 'b/2026/03/01.parquet')).toBe(await textOf(store, named[1] ?? ''))
  })

  test('a file of that run with other bytes than promised: damaged, and nothing is written', async () => {
    const store = await openFixture('version-3-interrupted')
    const before = await readState(store)
    const { run_id } = before.state.older?.publishing ?? { run_id: '' }
    await store.put(`_dwh/stage/${run_id}/b/2026/03/01.parquet`, Buffer.from('short'))
    await expect(readBase(store, newId)).rejects.toMatchObject({
      code: 'DAMAGED',
      message: 'b/2026/03/01.parquet: not the bytes that were written',
    })
    expect(await readState(store)).toEqual(before)
  })

  /** A warehouse of version 3 with a day that `dwh prune` has committed to remove, and not removed yet. */
  async function pruning(): Promise<ObjectStore> {
    const store = memoryStore()
    const tables = (day: string) => {
      const made = entry(id(1), day, 'gone', day)
      const key = `gone/${day.replaceAll('-', '/')}.parquet`
      return { gone: { ...made, files: made.files.map((file) => ({ ...file, key })) } }
    }
    const text = (value: object) => serialise({ ...value, version: 3 } as never)
    for (const day of ['2026-02-17', '2026-02-18']) {
      await store.put(tables(day).gone.files[0]?.key ?? '', Buffer.from(day))
      await store.put(manifestKey(day), text({ date: day, run_id: id(1), tables: tables(day) }))
    }
    const { state } = await readState(store)
    const { months: _, copies_pending: __, retired: ___, ...rest } = state
    const gone = { date: '2026-02-17', until: '2026-02-19T00:00:00.000Z' }
    const removing = { ...gone, keys: [manifestKey('2026-02-17'), 'gone/2026/02/17.parquet'] }
    await store.put(
      STATE_KEY,
      text({ ...rest, status: 'success', publishing: null, retained: [], pruned: [removing], tables: {} }),
    )
    return store
  }

  test('a day that was being pruned: gone, and removed at the time that was noted, as are its files', async () => {
    const store = await pruning()
    const { state } = await readBase(store, newId)
    expect(await listDays(store, state)).toEqual(['2026-02-18'])
    expect(state.former_tables).toEqual(['gone'])
    expect(state.retired[0]).toMatchObject({ until: '2026-02-19T00:00:00.000Z', days: ['2026-02-17'] })
    await refreshCopies(store, { clock: () => new Date('2026-02-18T12:00:00Z') })
    expect(await textOf(store, 'gone/2026/02/17.parquet')).toBe('2026-02-17')
    await settle(store)
    expect(await strays(store)).toEqual([])
    expect(await keys(store, 'gone/')).toEqual(['gone/2026/02/18.parquet'])
  })

  test('a run of version 3 in flight: does not commit over the take-over', async () => {
    const store = await openFixture('version-3')
    const before = await readState(store)
    const body = (await store.get(STATE_KEY))?.body ?? new Uint8Array()
    await readBase(store, newId)
    const late = store.put(STATE_KEY, body, { ifMatch: before.etag ?? '' })
    await expect(late).rejects.toMatchObject({ code: 'CONFLICT' })
  })

  test('the power is cut while its lists are removed, after the fencing token has increased: no list is left over', async () => {
    const store = await openFixture('version-3')
    await readBase(store, newId)
    const clock = () => WRITTEN['version-3'] as Date
    await refreshCopies(store, { clock })
    const cut = async () => {
      throw new DwhError('STORE_UNREACHABLE', 'the power is out')
    }
    const now = new Date('2026-03-10T00:00:00Z')
    const dying = clean({ ...store, delete: cut }, { now, raiseToken: false, whole: true })
    await expect(dying).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' })
    expect((await readState(store)).state.retired).toEqual([])
    await settle(store, now)
    expect(await keys(store, '_dwh/snapshots/')).toEqual([])
  })

  test('two take-overs at once: one wins, and the other goes on with it', async () => {
    const store = await openFixture('version-3-interrupted')
    const was = await contents(store)
    const bases = await Promise.all([readBase(store, newId), readBase(store, newId)])
    expect(bases[0]).toEqual(bases[1])
    expect(await contents(store)).toEqual(was)
    await settle(store, WRITTEN['version-3-interrupted'])
    expect((await strays(store)).filter((key) => !/^_dwh\/(runs|lock)/.test(key))).toEqual([])
  })

  test('before it is taken over: a failure can be noted, and nothing is cleaned or copied', async () => {
    const store = await openFixture('version-3-interrupted')
    const was = await contents(store)
    await recordFailure(store, { run_id: id(9), at: 'x', code: 'RUN_FAILED', message: 'm', hint: null, tables: [] })
    const noted = await readState(store)
    expect(noted.state.older).toMatchObject({ publishing: { date: DAY } })
    const now = new Date('2027-01-01T00:00:00Z')
    expect((await clean(store, { now, raiseToken: true, whole: true })).removed).toEqual([])
    await refreshCopies(store, { clock: () => now })
    expect(await readState(store)).toEqual(noted)
    await readBase(store, newId)
    expect(await contents(store)).toEqual(was)
  })

  test('a reader of before, long after the take-over: looks at what is there now', async () => {
    const store = await openFixture('version-3')
    const { state } = await readState(store)
    const manifest = await readManifest(store, state, DAY)
    await readBase(store, newId)
    await settle(store, WRITTEN['version-3'])
    expect(await store.head(manifestKey(DAY))).toBeNull()
    expect((await readManifest(store, state, DAY))?.tables).toEqual(manifest?.tables)
    expect(await readManifest(store, state, '2020-01-01')).toBeNull()
  })
})

describe('the first run', () => {
  test('an empty storage: etl.json is made; two at once make one', async () => {
    const store = memoryStore()
    const [one, two] = await Promise.all([readBase(store, newId), readBase(store, newId)])
    expect(one).toEqual(two)
    expect(one).toMatchObject({ state: { status: 'none', fencing_token: 0 } })
    expect(await keys(store)).toEqual([STATE_KEY])
  })

  test.each(['_dwh/parts/a/x', '_dwh/days/x', '_dwh/index/x', '_dwh/snapshots/x'])(
    'no etl.json, but %s: refused, since it would be taken for left over',
    async (key) => {
      const store = memoryStore()
      await store.put(key, new Uint8Array())
      await expect(readBase(store, newId)).rejects.toMatchObject({
        code: 'STATE_INVALID',
        hint: expect.stringContaining('dwh repair'),
      })
      expect(await store.head(STATE_KEY)).toBeNull()
    },
  )

  test('another run makes etl.json and stores a file while this one looks: it goes on with that', async () => {
    const store = memoryStore()
    const slow = wrapStore(store, {
      async *list(prefix) {
        if ((await store.head(STATE_KEY)) === null) {
          await readBase(store, newId)
          await store.put(`_dwh/parts/a/2026/02/18-${id(1)}.parquet`, new Uint8Array())
        }
        yield* store.list(prefix)
      },
    })
    expect(await readBase(slow, newId)).toEqual(await readState(store))
  })

  test('a storage that fails: its error', async () => {
    const denied = async () => {
      throw new DwhError('STORE_DENIED', 'no')
    }
    await expect(readBase({ ...memoryStore(), put: denied }, newId)).rejects.toMatchObject({ code: 'STORE_DENIED' })
  })
})
