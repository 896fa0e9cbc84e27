import { cp, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TableEntry } from '@dwh/core'
import { readManifest, readRunRecords, readState } from '@dwh/metadata'
import { expect, test } from 'vitest'
import { repairWarehouse, verifyWarehouse } from './index.ts'
import { type TestHouse, testHouse } from './test-support.ts'

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
    version: 3,
    status: 'partial',
    fencing_token: 0,
    retained: [
      { key: 'orders/2026/11/30.parquet', retained_as: expect.stringMatching(/^_dwh\/kept\/.*orders/) },
      { key: 'prices/2026/11/30.parquet', retained_as: expect.stringMatching(/^_dwh\/kept\/.*prices/) },
    ],
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
  // the earlier tables are only in the manifest of the day, which this run has rewritten
  const [current, manifest] = await Promise.all(
    ['etl.json', '_dwh/snapshots/2026/11/30.json'].map((file) => readFile(join(house.path, file), 'utf8')),
  )
  expect(manifest).toContain('"orders"')
  expect(`${current}${manifest}`).not.toMatch(/"(epoch|kept|lsn|fidelity)":|"deep"|"or-null"/)
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
