import { createHash } from 'node:crypto'
import { cp, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type TableEntry, whereToLook } from '@dwh/core'
import { listDays, readManifest, readRunRecords, readState } from '@dwh/metadata'
import { expect, test } from 'vitest'
import { pruneWarehouse, repairWarehouse, verifyWarehouse } from './index.ts'
import { keysOf, type TestHouse, testHouse } from './test-support.ts'

/** A warehouse written by the last program of version 1: two days, a table that is gone, a run of one table. */
const VERSION_1 = fileURLToPath(new URL('../fixtures/version-1', import.meta.url))

/**
 * A warehouse written by the last program of version 2: two days, the second read twice, a table that is gone, one that
 * failed the second time, values that settings store as NULL, and proofs of every row.
 */
const VERSION_2 = fileURLToPath(new URL('../fixtures/version-2', import.meta.url))

async function oldHouse(fixture: string, now: string): Promise<TestHouse> {
  const house = await testHouse()
  await cp(fixture, house.path, { recursive: true })
  house.setNow(now)
  return house
}

const ofVersion1 = () => oldHouse(VERSION_1, '2026-03-01T05:00:00Z')
const ofVersion2 = () => oldHouse(VERSION_2, '2026-11-30T12:00:00Z')

const problems = async (house: TestHouse) =>
  (await verifyWarehouse({ store: house.store, tempDirectory: house.temp, random: () => 0, deep: house.writer }))
    .problems

test('a warehouse of version 1: read, verified, and continued', async () => {
  const house = await ofVersion1()
  const { state } = await readState(house.store)
  expect(Object.keys(state.tables).sort()).toEqual(['a', 'b'])
  expect(Object.keys((await readManifest(house.store, state, '2026-02-28'))?.tables ?? {}).sort()).toEqual([
    'a',
    'b',
    'gone',
  ])
  expect(await readRunRecords(house.store)).toHaveLength(3)
  expect(await problems(house)).toEqual([])
  await house.run('2026-03-01', { a: [9], b: [8] })
  expect((await readState(house.store)).state.counts).toEqual({ a: 1, b: 1 })
  expect(await problems(house)).toEqual([])
})

test('version 1, repaired from its files alone: complete', async () => {
  const house = await ofVersion1()
  const before = (await readState(house.store)).state
  for (const part of ['etl.json', '_dwh']) await rm(join(house.path, part), { recursive: true })
  await repairWarehouse({ ...house, tempDirectory: house.temp })
  const { tables } = (await readState(house.store)).state
  expect(tables).toMatchObject({ a: { files: before.tables.a?.files }, b: { files: before.tables.b?.files } })
  // its footers do not list the current tables: a table that was gone is back
  expect(Object.keys(tables).sort()).toEqual(['a', 'b', 'gone'])
  expect(await problems(house)).toEqual([])
})

test('a warehouse of version 2: read with the current names, verified, and continued', async () => {
  const house = await ofVersion2()
  const { state } = await readState(house.store)
  expect(state).toMatchObject({
    version: 4,
    status: 'partial',
    fencing_token: 0,
    older: {
      retained: [
        { key: 'orders/2026/11/30.parquet', retained_as: expect.stringMatching(/^_dwh\/kept\/.*orders/) },
        { key: 'prices/2026/11/30.parquet', retained_as: expect.stringMatching(/^_dwh\/kept\/.*prices/) },
      ],
    },
  })
  expect(Object.keys(state.tables).sort()).toEqual(['broken', 'orders', 'prices'])
  expect(state.tables.orders).toMatchObject({
    snapshot: { position: expect.stringMatching(/^[0-9A-F]+\/[0-9A-F]+$/) },
    proof: { level: 'hash', hash: expect.any(String) },
    lossy_conversions: { amount: { choice: 'nullify', values: 1 } },
  })
  const [last] = await readRunRecords(house.store)
  expect(last?.tables).toMatchObject({ orders: { method: 'copy' }, broken: { status: 'failed' } })
  expect(await problems(house)).toEqual([])
  await house.run('2026-11-30', { a: [9] }, { acceptNewSource: true })
  // the earlier tables are only in the list of the day, which this run has written anew
  const { list } = await keysOf(house, '2026-11-30')
  const [current, manifest] = await Promise.all(
    ['etl.json', list].map((file) => readFile(join(house.path, file), 'utf8')),
  )
  expect(manifest).toContain('"orders"')
  expect(`${current}${manifest}`).not.toMatch(/"(epoch|kept|lsn|fidelity|publishing)":|"deep"|"or-null"/)
  expect(await problems(house)).toEqual([])
})

test('version 2, repaired from its files alone: complete, from the old names in their footers', async () => {
  const house = await ofVersion2()
  const before = (await readState(house.store)).state
  for (const part of ['etl.json', '_dwh']) await rm(join(house.path, part), { recursive: true })
  await repairWarehouse({ ...house, tempDirectory: house.temp })
  const { tables } = (await readState(house.store)).state
  // footers do not contain the proof, which only the run knew
  for (const name of ['orders', 'prices', 'broken']) {
    const { proof: _, ...known } = before.tables[name] as TableEntry
    expect(tables[name]).toMatchObject(known)
  }
  expect(Object.keys(tables).sort()).toEqual(['broken', 'orders', 'prices'])
  expect(await problems(house)).toEqual([])
})

/**
 * A warehouse written by the last program of version 3: days of two months, one pruned in between, the last day read
 * twice, a table that is gone. `interrupted`: the last run was killed after its commit, with one of three objects moved
 * to its place.
 */
const ofVersion3 = (kind: '' | '-interrupted') =>
  oldHouse(fileURLToPath(new URL(`../fixtures/version-3${kind}`, import.meta.url)), '2026-02-28T06:00:00Z')

const DAYS = ['2026-01-31', '2026-02-27', '2026-02-28']

/** The rows of every table of every day, as a reader finds them: by list, key and SHA-256. */
async function rowsOf({ store }: TestHouse) {
  const { state } = await readState(store)
  const found: Record<string, unknown> = {}
  for (const day of await listDays(store, state))
    for (const [name, { files }] of Object.entries((await readManifest(store, state, day))?.tables ?? {}))
      for (const file of files) {
        const places = await Promise.all(whereToLook(state, file).map((key) => store.get(key)))
        const is = places.some((at) => at && createHash('sha256').update(at.body).digest('hex') === file.sha256)
        found[`${day} ${name}`] = is ? file.rows : 'not there'
      }
  return found
}

const ROWS = {
  '2026-01-31 a': 1,
  '2026-01-31 b': 2,
  '2026-01-31 gone': 1,
  '2026-02-27 a': 2,
  '2026-02-27 b': 1,
  '2026-02-28 a': 4,
  '2026-02-28 b': 1,
}

test.each(['', '-interrupted'] as const)(
  'a warehouse of version 3%s: read, verified, and taken over by the next run',
  async (kind) => {
    const house = await ofVersion3(kind)
    expect(await rowsOf(house)).toEqual(ROWS)
    expect(await problems(house)).toEqual([])
    const plain = (day: string) => readFile(join(house.path, `a/${day.replaceAll('-', '/')}.parquet`))
    const before = await plain('2026-01-31')
    house.setNow('2026-03-01T06:00:00Z')
    await house.run('2026-03-01', { a: [9], b: [8] })
    const { state } = await readState(house.store)
    expect(state).toMatchObject({ version: 4, counts: { a: 1, b: 1 }, former_tables: ['gone'] })
    expect(state.older).toBeUndefined()
    expect(await listDays(house.store, state)).toEqual([...DAYS, '2026-03-01'])
    expect(await rowsOf(house)).toEqual({ ...ROWS, '2026-03-01 a': 1, '2026-03-01 b': 1 })
    expect(await plain('2026-01-31')).toEqual(before)
    expect(await problems(house)).toEqual([])
    // all that version 3 had retained, staged and listed is removed in the end
    house.setNow('2026-03-03T06:00:00Z')
    await house.run('2026-03-03', { a: [9], b: [8] })
    const keys: string[] = []
    for await (const { key } of house.store.list('_dwh/')) keys.push(key)
    expect(keys.filter((key) => /^_dwh\/(kept|stage|snapshots)\//.test(key))).toEqual([])
    expect(await rowsOf(house)).toMatchObject(ROWS)
    expect(await problems(house)).toEqual([])
  },
)

test.each(['', '-interrupted'] as const)(
  'version 3%s: the last day is read again: its plain files stay for the readers of before, then follow',
  async (kind) => {
    const house = await ofVersion3(kind)
    const old = await readState(house.store)
    const at = join(house.path, 'b/2026/02/28.parquet')
    await house.run('2026-02-28', { a: [1], b: [1, 2, 3] })
    const found = await Promise.all(
      Object.values(old.state.tables).flatMap(({ files }) =>
        files.map(async (file) => {
          const places = await Promise.all(whereToLook(old.state, file).map((key) => house.store.get(key)))
          return places.some((one) => one && createHash('sha256').update(one.body).digest('hex') === file.sha256)
        }),
      ),
    )
    // what was staged is held, too
    expect(found).toEqual([true, true])
    house.setNow('2026-03-01T07:00:00Z')
    await house.run('2026-03-01', { a: [1], b: [1] })
    const { files } = await keysOf(house, '2026-02-28')
    expect(await readFile(at)).toEqual(await readFile(join(house.path, files.b ?? '')))
    expect(await problems(house)).toEqual([])
  },
)

test('version 3, pruned, and repaired: taken over first', async () => {
  const pruned = await ofVersion3('-interrupted')
  const { removed } = await pruneWarehouse({ ...pruned, keep: { daily: 2 }, remove: true })
  expect(removed).toMatchObject([{ date: '2026-01-31', files: 3 }])
  expect(await problems(pruned)).toEqual([])
  const repaired = await ofVersion3('-interrupted')
  expect(await repairWarehouse({ ...repaired, tempDirectory: repaired.temp })).toMatchObject({
    state: false,
    days: [],
    left: [],
  })
  expect((await readState(repaired.store)).state.older).toBeUndefined()
  expect(await rowsOf(repaired)).toEqual(ROWS)
  expect(await problems(repaired)).toEqual([])
})

test.each(['', '-interrupted'] as const)('version 3%s, etl.json lost: repaired with the same days', async (kind) => {
  const house = await ofVersion3(kind)
  for (const part of ['etl.json', '_dwh/generations']) await rm(join(house.path, part), { recursive: true })
  expect(await repairWarehouse({ ...house, tempDirectory: house.temp })).toMatchObject({ state: true, left: [] })
  expect(await rowsOf(house)).toEqual(ROWS)
  expect(await problems(house)).toEqual([])
})
