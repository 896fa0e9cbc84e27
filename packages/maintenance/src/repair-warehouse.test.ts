import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type DayManifest, DwhError, type EtlState, type ObjectStore, type TableEntry } from '@dwh/core'
import { readBase, readManifest, readState, takeLease } from '@dwh/metadata'
import { startS3Server } from '@dwh/s3-server'
import { s3Store } from '@dwh/storage'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { repairWarehouse, verifyWarehouse } from './index.ts'
import { keysOf, type TestHouse, testHouse } from './test-support.ts'

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

type Facts = Record<string, Record<string, Pick<TableEntry, 'files' | 'columns' | 'source'>>>

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

/** The keys below a prefix. */
async function listKeys({ store }: TestHouse, prefix: string): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of store.list(prefix)) keys.push(key)
  return keys
}

const namesOf = (found: Facts[string] | undefined) =>
  Object.fromEntries(Object.entries(found ?? {}).map(([name, { files }]) => [name, { files }]))

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

  test('etl.json, all lists and all indexes are lost: rebuilt from the Parquet files alone', async () => {
    const house = await history(open())
    const before = await facts(house.store)
    for (const key of ['etl.json', ...(await listKeys(house, '_dwh/days/')), ...(await listKeys(house, '_dwh/index/'))])
      await lose(house, key)
    expect(await repair(house)).toMatchObject({ state: true, days: DAYS, left: [] })
    // without any index it is not known that one table was gone; every run gave its tables a file
    const { facts: after, state } = await facts(house.store)
    for (const day of DAYS) expect(after[day]).toEqual(before.facts[day])
    expect(state.tables).toMatchObject(namesOf(before.facts.current))
    expect(await problems(house)).toEqual([])
  })

  test('etl.json and all of _dwh are lost: rebuilt from the plain copies', async () => {
    const house = await history(open())
    const before = await facts(house.store)
    for (const key of ['etl.json', ...(await listKeys(house, '_dwh/'))]) await lose(house, key)
    expect(await repair(house)).toMatchObject({ state: true, days: DAYS, left: [] })
    const sums = (found: Facts[string] | undefined) =>
      Object.entries(found ?? {}).map(([name, { files }]) => [name, files.map(({ sha256 }) => sha256)])
    const after = (await facts(house.store)).facts
    for (const of of ['current', ...DAYS]) expect(sums(after[of])).toEqual(sums(before.facts[of]))
    expect(await problems(house)).toEqual([])
    await house.run('2026-03-01', { a: [9], b: [9], new: [9] })
    expect(await problems(house)).toEqual([])
  })

  test('one list is lost: rebuilt, with the proofs that etl.json still has', async () => {
    const house = await history(open())
    const { state } = await readState(house.store)
    const before = await readManifest(house.store, state, '2026-03-01')
    await lose(house, (await keysOf(house, '2026-03-01')).list)
    expect((await problems(house)).map(({ kind }) => kind)).toEqual(['missing'])
    expect(await repair(house)).toMatchObject({ state: false, days: ['2026-03-01'] })
    const after = await readManifest(house.store, (await readState(house.store)).state, '2026-03-01')
    expect(after).toEqual({ ...before, run_id: after?.run_id })
    expect(await problems(house)).toEqual([])
  })

  test('an index is lost: rebuilt from the lists that were committed, not from those that they replaced', async () => {
    const house = await history(open())
    const before = await facts(house.store)
    const { index } = await keysOf(house, '2026-02-28')
    await lose(house, index)
    expect((await problems(house)).map(({ kind, key }) => [kind, key])).toContainEqual(['missing', index])
    expect(await repair(house)).toMatchObject({ state: false, days: [], left: [] })
    expect((await facts(house.store)).facts).toEqual(before.facts)
    expect(await problems(house)).toEqual([])
  })

  test('an index and the lists of its month are lost: rebuilt from the files', async () => {
    const house = await history(open())
    const before = await facts(house.store)
    const { index } = await keysOf(house, '2026-02-28')
    for (const key of [index, ...(await listKeys(house, '_dwh/days/2026/02/'))]) await lose(house, key)
    expect(await repair(house)).toMatchObject({ state: false, days: ['2026-02-27', '2026-02-28'], left: [] })
    expect((await facts(house.store)).facts).toEqual(before.facts)
    expect(await problems(house)).toEqual([])
  })

  test('a month whose list and files are lost, beside an intact one: only it goes, and nothing is removed for a day', async () => {
    const house = await testHouse(open())
    await house.run('2026-01-31', { a: [1], b: [2] })
    await house.run('2026-03-01', { a: [1, 2], b: [3] })
    const lost = await keysOf(house, '2026-01-31')
    const plain = ['a/2026/01/31.parquet', 'b/2026/01/31.parquet']
    for (const key of [lost.list, ...Object.values(lost.files), ...plain]) await lose(house, key)
    const before = await listKeys(house, '_dwh/parts/')
    const { left, removed } = await repair(house)
    expect(left.map(({ key }) => key).sort()).toEqual(Object.values(lost.files).sort())
    expect(removed).toEqual([])
    const { state } = await readState(house.store)
    expect(Object.keys(state.months)).toContain('2026-03')
    expect((await readManifest(house.store, state, '2026-03-01'))?.tables).toMatchObject({ a: {}, b: {} })
    expect(await listKeys(house, '_dwh/parts/')).toEqual(before)
  })

  test('a list and one file of its day are lost: the plain copy of the file is named from now on', async () => {
    const house = await history(open())
    const { list, files } = await keysOf(house, '2026-02-28')
    for (const key of [list, files.a ?? '']) await lose(house, key)
    expect(await repair(house)).toMatchObject({ days: ['2026-02-28'], left: [] })
    expect((await keysOf(house, '2026-02-28')).files).toEqual({ ...files, a: 'a/2026/02/28.parquet' })
    house.setNow('2026-03-03T04:00:00Z')
    await house.run('2026-03-03', { a: [9], b: [9], new: [9] })
    expect(await problems(house)).toEqual([])
  })

  test('all of _dwh but etl.json is lost: rebuilt from the plain copies', async () => {
    const house = await history(open())
    const before = await facts(house.store)
    for (const key of await listKeys(house, '_dwh/')) if (!key.includes('generations')) await lose(house, key)
    expect(await repair(house)).toMatchObject({ state: false, days: DAYS, left: [] })
    const { facts: after } = await facts(house.store)
    for (const day of DAYS) expect(Object.keys(after[day] ?? {})).toEqual(Object.keys(before.facts[day] ?? {}))
  })

  test('plain copies that are lost or of another day: made again', async () => {
    const house = await history(open())
    await house.store.delete('a/2026/02/27.parquet')
    await house.store.put('b/2026/02/28.parquet', Buffer.from('x'))
    expect(await repair(house)).toMatchObject({
      state: false,
      days: [],
      copies: ['a/2026/02/27.parquet', 'b/2026/02/28.parquet'],
    })
    expect(await problems(house)).toEqual([])
  })

  test('an intact and an empty warehouse: nothing changes', async () => {
    const nothing = { finished: null, removed: [], state: false, days: [], copies: [], left: [] }
    expect(await repair(await history(open()))).toMatchObject(nothing)
    expect(await repair(await testHouse(open()))).toMatchObject(nothing)
  })
})

test('damaged JSON: rebuilt; a damaged Parquet file: unchanged, and reported', async () => {
  const house = await history()
  const before = await facts(house.store)
  const [first, second] = [await keysOf(house, '2026-02-27'), await keysOf(house, '2026-02-28')]
  await writeFile(join(house.path, '_dwh/generations/etl.json/000000000999'), '={}')
  await writeFile(join(house.path, second.list), '{ "version": 2')
  await writeFile(join(house.path, first.list), '{ "version": 2')
  const damaged = first.files.b ?? ''
  // in a folder its plain copy is the same file
  await writeFile(join(house.path, damaged), 'no Parquet')
  const report = await repair(house)
  expect(report).toMatchObject({ state: true, days: ['2026-02-27', '2026-02-28'] })
  expect(report.left).toEqual([{ key: damaged, why: expect.stringContaining(damaged) }])
  const after = await facts(house.store)
  expect(after.facts['2026-02-28']).toEqual(before.facts['2026-02-28'])
  expect(Object.keys(after.facts['2026-02-27'] ?? {})).toEqual(['a', 'gone'])
  expect((await problems(house)).map(({ kind, key }) => [kind, key])).toEqual([['extra', 'b/2026/02/27.parquet']])
})

test('a file under the key of another table: not taken for that table', async () => {
  const house = await history()
  const { list, files } = await keysOf(house, '2026-02-28')
  await rm(join(house.path, list))
  for (const key of [files.b ?? '', 'b/2026/02/28.parquet']) await rm(join(house.path, key))
  await writeFile(join(house.path, files.b ?? ''), await readFile(join(house.path, files.a ?? '')))
  const { left } = await repair(house)
  expect(left).toEqual([{ key: files.b, why: `${files.b}: its footer names table a of 2026-02-28` }])
})

test('etl.json is lost after a run that lost the race, and one whose record is missing: the recorded commits count', async () => {
  const house = await history()
  const before = await facts(house.store)
  // a run that stored all, and did not commit
  const put = async (...args: Parameters<ObjectStore['put']>) => {
    if (args[0] === 'etl.json' && Buffer.from(args[1]).includes('"a": 5')) throw new DwhError('STORE_DENIED', 'no')
    return house.store.put(...args)
  }
  const store = { ...house.store, put }
  await expect(house.run('2026-03-01', { a: [1, 2, 3, 4, 5], b: [1], new: [1] }, { store })).rejects.toMatchObject({
    code: 'STORE_DENIED',
  })
  for (const part of ['etl.json', '_dwh/generations'])
    await rm(join(house.path, part), { recursive: true, force: true })
  expect(await repair(house)).toMatchObject({ state: true, days: [], left: [] })
  expect((await facts(house.store)).facts).toEqual(before.facts)
  expect(await problems(house)).toEqual([])
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

test('etl.json is lost while plain copies are made: the run counts, and its copies are made', async () => {
  const house = await history()
  const copy = async () => {
    throw new DwhError('STORE_FAILED', 'gone')
  }
  const { runId, unfinished } = await house.run(
    '2026-03-01',
    { a: [11], b: [12], new: [13] },
    { store: { ...house.store, copy } },
  )
  expect(unfinished).toMatchObject({ code: 'STORE_FAILED' })
  for (const part of ['etl.json', '_dwh/generations'])
    await rm(join(house.path, part), { recursive: true, force: true })
  expect(await repair(house)).toMatchObject({
    state: true,
    copies: ['a/2026/03/01.parquet', 'b/2026/03/01.parquet', 'new/2026/03/01.parquet'],
  })
  const { tables, run_id } = (await readState(house.store)).state
  expect([run_id, ...Object.values(tables).map((entry) => entry.run_id)]).toEqual([runId, runId, runId, runId])
  expect(await problems(house)).toEqual([])
})

test('a warehouse of a later version: refused, and unchanged', async () => {
  const house = await history()
  const [last = ''] = (await readdir(join(house.path, '_dwh/generations/etl.json'))).sort().reverse()
  const path = join(house.path, '_dwh/generations/etl.json', last)
  const later = (await readFile(path, 'utf8')).replace('"version": 4', '"version": 5')
  await writeFile(path, later)
  await expect(repair(house)).rejects.toMatchObject({ code: 'STATE_INVALID', hint: expect.stringContaining('Upgrade') })
  await expect(problems(house)).rejects.toMatchObject({ code: 'STATE_INVALID' })
  expect(await readFile(path, 'utf8')).toBe(later)
})

test('before the first good run: orphans are removed, and an invalid etl.json is rebuilt', async () => {
  const house = await testHouse()
  await readBase(house.store, () => '20260301T000000Z-00000000')
  await house.store.put('_dwh/parts/a/2026/03/01-20260301T000000Z-00000000.parquet', Buffer.from('x'))
  expect((await repair(house)).removed).toEqual(['_dwh/parts/a/2026/03/01-20260301T000000Z-00000000.parquet'])
  await writeFile(join(house.path, '_dwh/generations/etl.json/000000000999'), '={}')
  expect(await repair(house)).toMatchObject({ state: true })
  await house.run('2026-03-01', { a: [1] })
  expect(await problems(house)).toEqual([])
})

test('a bucket that reports changed bytes of an object: the object is reported, and the rest is repaired', async () => {
  const house = await history()
  const { localPath: _, ...bucket } = house.store
  const { list, files } = await keysOf(house, '2026-02-28')
  const damaged = [files.a ?? '', 'a/2026/02/28.parquet', list]
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
  expect(found.problems.map(({ kind, key }) => [kind, key])).toEqual([['invalid', list]])
  const report = await repairWarehouse({ ...house, store, tempDirectory: house.temp })
  expect(report.left).toEqual([{ key: files.a, why: expect.stringContaining('not the bytes') }])
  expect(report.days).toEqual(['2026-02-28'])
})
