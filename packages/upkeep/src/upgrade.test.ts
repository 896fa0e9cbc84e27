import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readManifest, readRunRecords, readState } from '@dwh/metadata'
import { expect, test } from 'vitest'
import { repairWarehouse, verifyWarehouse } from './index.ts'
import { type TestHouse, testHouse } from './test-support.ts'

/** A warehouse that the last program of version 1 wrote: two days, a table that is gone, a run of one table. */
const VERSION_1 = fileURLToPath(new URL('../fixtures/version-1', import.meta.url))

async function oldHouse(): Promise<TestHouse> {
  const house = await testHouse()
  await cp(VERSION_1, house.path, { recursive: true })
  house.setNow('2026-03-01T05:00:00Z')
  return house
}

const problems = async (house: TestHouse) =>
  (await verifyWarehouse({ store: house.store, tempDirectory: house.temp, random: () => 0, deep: house.writer }))
    .problems

test('a warehouse of version 1 is read, verified, and written on', async () => {
  const house = await oldHouse()
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

test('repaired from its files alone, all that it had is there', async () => {
  const house = await oldHouse()
  const before = (await readState(house.store)).state
  for (const part of ['etl.json', '_dwh']) await rm(join(house.path, part), { recursive: true })
  await repairWarehouse({ ...house, tempDirectory: house.temp })
  const { tables } = (await readState(house.store)).state
  expect(tables).toMatchObject({ a: { files: before.tables.a?.files }, b: { files: before.tables.b?.files } })
  // its footers do not say what was current: a table that was gone is back
  expect(Object.keys(tables).sort()).toEqual(['a', 'b', 'gone'])
  expect(await problems(house)).toEqual([])
})
