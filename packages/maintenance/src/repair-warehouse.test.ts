import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type DayManifest, DwhError, type EtlState, type ObjectStore } from '@dwh/core'
import { readManifest, readState, takeLease } from '@dwh/metadata'
import { startS3Server } from '@dwh/s3-server'
import { s3Store } from '@dwh/storage'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { repairWarehouse, verifyWarehouse } from './index.ts'
import { type TestHouse, testHouse } from './test-support.ts'

const DAYS = ['2026-02-27', '2026-02-28', '2026-03-01']

const repair = (house: TestHouse) => repairWarehouse({ ...house, tempDirectory: house.temp })
const problems = async (house: TestHouse) =>
  (await verifyWarehouse({ store: house.store, tempDirectory: house.temp, random: () => 0, deep: house.writer }))
    .problems

/** Makes days with new, removed and lasting tables, a run of some tables, and a replaced past day. */
async function history(store?: ObjectStore): Promise<TestHouse> {
  const house = await testHouse(store)
  await house.run('2026-02-27', { a: [1], b: [1, 2], gone: [7] })
  await house.run('2026-02-28', { a: [1, 2], b: [] })
  await house.run('2026-03-01', { a: [1, 2, 3], b: [5], new: [1] }, { only: ['a', 'new'] })
  await house.run('2026-02-27', { a: [0], b: [1, 2], gone: [7] }, { only: ['a'] })
  return house
}

type Facts = Record<string, Record<string, unknown>>

/** The keys, rows, sizes and hashes in each day's manifest and in `etl.json`. */
async function facts(store: ObjectStore): Promise<{ state: EtlState; facts: Facts }> {
  const { state } = await readState(store)
  const of = (tables: DayManifest['tables']) =>
    Object.fromEntries(
      Object.entries(tables).map(([name, { files, columns, source }]) => [name, { files, columns, source }]),
    )
  const found: Facts = { current: of(state.tables) }
  for (const day of DAYS) found[day] = of((await readManifest(store, state, day))?.tables ?? {})
  return { state, facts: found }
}

let server: Awaited<ReturnType<typeof startS3Server>>
beforeAll(async () => {
  server = await startS3Server({ buckets: ['local', 'bucket'] })
})
afterAll(() => server.close())

describe.each(['a folder', 'a bucket'])('%s', (kind) => {
  const open = () => {
    if (kind === 'a folder') return undefined
    const { accessKeyId, secretAccessKey } = server.credential
    const prefix = Math.random().toString(36).slice(2)
    const endpoint = `http://127.0.0.1:${server.port}`
    return s3Store({ bucket: 'bucket', prefix, endpoint, credentials: { accessKeyId, secretAccessKey } })
  }
  /** Deletes files as a user would by hand. */
  async function lose(house: TestHouse, key: string): Promise<void> {
    if (house.store.localPath) {
      await rm(join(house.path, key), { force: true })
      await rm(join(house.path, '_dwh/generations', key), { force: true, recursive: true })
    } else {
      await house.store.delete(key)
    }
  }

  test('etl.json is lost: the same tables are current, and every day names the same files', async () => {
    const house = await history(open())
    const before = await facts(house.store)
    await lose(house, 'etl.json')
    expect((await problems(house)).map(({ key }) => key)).toContain('etl.json')
    house.setNow('2026-03-01T04:00:00Z')
    expect(await repair(house)).toMatchObject({ state: true, days: [], left: [] })
    const after = await facts(house.store)
    expect(after.facts).toEqual(before.facts)
    expect(after.state.sources).toEqual(before.state.sources)
    expect([before.state.former_tables, after.state.former_tables]).toEqual([['gone'], ['gone']])
    expect(after.state.counts).toEqual(before.state.counts)
    expect(after.state.fencing_token).toBeGreaterThan(Date.parse('2026-03-01T00:00:00Z'))
    expect(await problems(house)).toEqual([])
    await house.run('2026-03-01', { a: [9], b: [9], new: [9] })
    expect(await problems(house)).toEqual([])
  })

  test('etl.json and all manifests are lost: rebuilt from the Parquet files alone', async () => {
    const house = await history(open())
    const before = await facts(house.store)
    for (const key of ['etl.json', ...DAYS.map((day) => `_dwh/snapshots/${day.replaceAll('-', '/')}.json`)])
      await lose(house, key)
    expect(await repair(house)).toMatchObject({ state: true, days: DAYS, left: [] })
    expect((await facts(house.store)).facts).toEqual(before.facts)
    expect(await problems(house)).toEqual([])
  })

  test('one manifest is lost: rebuilt, with the proofs that etl.json still has', async () => {
    const house = await history(open())
    const { state } = await readState(house.store)
    const before = await readManifest(house.store, state, '2026-03-01')
    await lose(house, '_dwh/snapshots/2026/03/01.json')
    expect(await repair(house)).toMatchObject({ state: false, days: ['2026-03-01'] })
    expect(await readManifest(house.store, state, '2026-03-01')).toEqual(before)
    expect(await problems(house)).toEqual([])
  })

  test('an intact and an empty warehouse: nothing changes', async () => {
    const nothing = { rolledForward: null, state: false, days: [], left: [] }
    expect(await repair(await history(open()))).toMatchObject(nothing)
    expect(await repair(await testHouse(open()))).toMatchObject(nothing)
  })
})

test('damaged JSON: rebuilt; a damaged Parquet file: unchanged, and reported', async () => {
  const house = await history()
  const before = await facts(house.store)
  const generations = join(house.path, '_dwh/generations/etl.json')
  await writeFile(join(generations, '000000000999'), '={}')
  await writeFile(join(house.path, '_dwh/snapshots/2026/02/28.json'), '{ "version": 2')
  await writeFile(join(house.path, '_dwh/snapshots/2026/02/27.json'), '{ "version": 2')
  await writeFile(join(house.path, 'b/2026/02/27.parquet'), 'no Parquet')
  const report = await repair(house)
  expect(report).toMatchObject({ state: true, days: ['2026-02-27', '2026-02-28'] })
  expect(report.left).toEqual([{ key: 'b/2026/02/27.parquet', why: expect.stringContaining('b/2026/02/27.parquet') }])
  const after = await facts(house.store)
  expect(after.facts['2026-02-28']).toEqual(before.facts['2026-02-28'])
  expect(Object.keys(after.facts['2026-02-27'] ?? {})).toEqual(['a', 'gone'])
  expect(await problems(house)).toEqual([
    { kind: 'extra', key: 'b/2026/02/27.parquet', message: 'b/2026/02/27.parquet: no manifest names it' },
  ])
})

test('a file under the key of another table: not taken for that table', async () => {
  const house = await history()
  await rm(join(house.path, '_dwh/snapshots/2026/02/28.json'))
  await writeFile(join(house.path, 'b/2026/02/28.parquet'), await readFile(join(house.path, 'a/2026/02/28.parquet')))
  const { left } = await repair(house)
  expect(left).toEqual([
    { key: 'b/2026/02/28.parquet', why: 'b/2026/02/28.parquet: its footer names table a of 2026-02-28' },
  ])
})

test('files of version 1, whose footers do not list the current tables: all tables are current', async () => {
  const house = await history()
  const inspect = async (path: string) => {
    const { rows, metadata } = await house.writer.inspect(path)
    const { current: _, identity: __, ...footer } = JSON.parse(metadata.dwh ?? '')
    return { rows, metadata: { dwh: JSON.stringify({ ...footer, version: 1, tables: ['a'] }) } }
  }
  await rm(join(house.path, 'etl.json'))
  await rm(join(house.path, '_dwh'), { recursive: true })
  await repairWarehouse({ ...house, writer: { inspect }, tempDirectory: house.temp })
  const { state } = await readState(house.store)
  // the information that one table was gone is lost
  expect(Object.keys(state.tables).sort()).toEqual(['a', 'b', 'gone', 'new'])
  expect(await problems(house)).toEqual([])
})

test('while a run is in progress: CONFLICT', async () => {
  const house = await history()
  const lease = await takeLease(house.store, { owner: 'a run', clock: house.clock })
  await expect(repair(house)).rejects.toMatchObject({ code: 'CONFLICT', message: expect.stringContaining('a run') })
  await lease.release()
  expect(await repair(house)).toMatchObject({ state: false })
})

describe('etl.json is lost while a run is being published', () => {
  /** Starts a run that is killed after `moves` files are in place; for 0, before its commit. */
  async function killed(moves: number): Promise<TestHouse> {
    const house = await history()
    let left = moves
    const gone = new Error('killed')
    const store: ObjectStore = {
      ...house.store,
      move: async (...args) => {
        if (left <= 1) throw gone
        left -= 1
        return house.store.move(...args)
      },
      put: async (...args) => {
        if (moves === 0 && args[0] === 'etl.json' && Buffer.from(args[1]).includes('"publishing": {')) throw gone
        return house.store.put(...args)
      },
      // a killed process does not remove anything either
      delete: async () => {},
    }
    await house.run('2026-03-01', { a: [11], b: [12], new: [13] }, { store }).catch((error) => {
      if (moves > 0) throw error
    })
    for (const part of ['etl.json', '_dwh/generations'])
      await rm(join(house.path, part), { recursive: true, force: true })
    return house
  }

  test.each([0, 1, 2, 3, 4])('killed before file %i is in place: the repair finishes the run, whole', async (moves) => {
    const house = await killed(moves)
    const { rolledForward, state } = await repair(house)
    expect([typeof rolledForward, state]).toEqual(['string', true])
    const { tables, run_id } = (await readState(house.store)).state
    expect(run_id).toBe(rolledForward)
    expect(Object.values(tables).map((entry) => entry.run_id)).toEqual([run_id, run_id, run_id])
    expect(await problems(house)).toEqual([])
  })

  test('a run that died long ago, before a later one: not finished', async () => {
    const house = await killed(1)
    await repair(house)
    await house.store.put('_dwh/stage/20200101T000000Z-00000000/_dwh/snapshots/2026/03/01.json', await old(house))
    const before = await facts(house.store)
    await rm(join(house.path, '_dwh/generations/etl.json'), { recursive: true })
    await rm(join(house.path, 'etl.json'))
    expect(await repair(house)).toMatchObject({ rolledForward: null, state: true })
    expect((await facts(house.store)).facts).toEqual(before.facts)
  })

  const old = async (house: TestHouse) => readFile(join(house.path, '_dwh/snapshots/2026/02/27.json'))
})

test('a warehouse of a later version: refused, and unchanged', async () => {
  const house = await history()
  const manifest = join(house.path, '_dwh/snapshots/2026/02/28.json')
  const later = (await readFile(manifest, 'utf8')).replace('"version": 3', '"version": 4')
  await writeFile(manifest, later)
  await expect(repair(house)).rejects.toMatchObject({ code: 'STATE_INVALID', hint: expect.stringContaining('Upgrade') })
  await expect(problems(house)).rejects.toMatchObject({ code: 'STATE_INVALID' })
  expect(await readFile(manifest, 'utf8')).toBe(later)
})

test('before the first good run: orphans are removed, and an invalid etl.json is rebuilt', async () => {
  const house = await testHouse()
  await house.store.put('_dwh/stage/20260301T000000Z-00000000/a/2026/03/01.parquet', Buffer.from('x'))
  expect((await repair(house)).removed).toEqual(['_dwh/stage/20260301T000000Z-00000000/a/2026/03/01.parquet'])
  await writeFile(join(house.path, '_dwh/generations/etl.json/000000000999'), '={}')
  expect(await repair(house)).toMatchObject({ state: true })
  await house.run('2026-03-01', { a: [1] })
  expect(await problems(house)).toEqual([])
})

test('a bucket that reports changed bytes of an object: the object is reported, and the rest is repaired', async () => {
  const house = await history()
  const { localPath: _, ...bucket } = house.store
  const damaged = ['a/2026/02/28.parquet', '_dwh/snapshots/2026/02/28.json']
  const refuse = (key: string) => {
    if (damaged.includes(key)) throw new DwhError('DAMAGED', `${key}: not the bytes that were written`)
  }
  const store: ObjectStore = {
    ...bucket,
    async get(key) {
      refuse(key)
      return bucket.get(key)
    },
    async getFile(key, ...rest) {
      refuse(key)
      return bucket.getFile(key, ...rest)
    },
  }
  const found = await verifyWarehouse({ store, tempDirectory: house.temp, random: () => 0 })
  expect(found.problems.map(({ kind, key }) => [kind, key])).toEqual([
    ['invalid', '_dwh/snapshots/2026/02/28.json'],
    ['extra', 'a/2026/02/28.parquet'],
  ])
  const report = await repairWarehouse({ ...house, store, tempDirectory: house.temp })
  expect(report.left).toEqual([{ key: 'a/2026/02/28.parquet', why: expect.stringContaining('not the bytes') }])
  expect(report.days).toEqual(['2026-02-28'])
})
