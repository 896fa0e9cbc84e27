import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type CopyPolicy, type Day, dayManifestDay, tableFileDay } from '@dwh/core'
import { startS3Server } from '@dwh/s3-server'
import { s3Store } from '@dwh/storage'
import { expect, onTestFinished, test } from 'vitest'
import { pruneWarehouse, repairWarehouse, verifyWarehouse } from './index.ts'
import { keysOf, type Tables, type TestHouse, tellingNumbers, testHouse } from './test-support.ts'

/** Days of which table `a` has a plain copy. */
async function copies({ store }: TestHouse): Promise<Day[]> {
  const found: Day[] = []
  for await (const { key } of store.list('a/')) found.push(tableFileDay(key) ?? key)
  return found.sort()
}

const verify = (house: TestHouse) =>
  verifyWarehouse({ store: house.store, tempDirectory: house.temp, random: () => 0, deep: house.writer })

/** Publishes `a` with these numbers, or whatever tables. */
function publish(house: TestHouse, day: Day, numbers: readonly number[] | Tables, complete: CopyPolicy) {
  const tables = Array.isArray(numbers) ? { a: numbers as number[] } : (numbers as Tables)
  const sources = { default: { source: tellingNumbers(tables), complete, verify: 'counts' as const } }
  return house.run(day, {}, { sources })
}

/** Two months: `a` changes on the second day, and in the new month. */
async function months(house: TestHouse, complete: CopyPolicy): Promise<void> {
  await publish(house, '2026-01-29', [1], complete)
  await publish(house, '2026-01-30', [1, 2], complete)
  await publish(house, '2026-01-31', [1, 2], complete)
  await publish(house, '2026-02-01', [1, 2], complete)
  await publish(house, '2026-02-02', [3], complete)
}

const WANTED: readonly [CopyPolicy, Day[]][] = [
  ['daily', ['2026-01-29', '2026-01-30', '2026-01-31', '2026-02-01', '2026-02-02']],
  ['changed', ['2026-01-29', '2026-01-30', '2026-02-02']],
  ['month-end', ['2026-01-31']],
  ['never', []],
]

test.each(WANTED)(
  'complete: %s: the days with a plain copy; every day can be read, and nothing is wrong',
  async (complete, days) => {
    const house = await testHouse()
    await months(house, complete)
    expect(await copies(house)).toEqual(days)
    expect(await verify(house)).toMatchObject({ days: 5, files: 3, problems: [], orphans: [], unknown: [] })
    expect((await keysOf(house, '2026-02-01')).files.a).toBe((await keysOf(house, '2026-01-30')).files.a)
  },
)

test.each(WANTED)('complete: %s: in a bucket', async (complete, days) => {
  const server = await startS3Server({ buckets: ['lake'] })
  onTestFinished(() => server.close())
  const { url: endpoint, credential: credentials } = server
  const house = await testHouse(s3Store({ bucket: 'lake', endpoint, region: 'us-east-1', credentials }))
  await months(house, complete)
  expect(await copies(house)).toEqual(days)
  expect(await verify(house)).toMatchObject({ problems: [], orphans: [] })
})

test('month-end: a later day of a past month takes the place of its last; pruned, the day before has it again', async () => {
  const house = await testHouse()
  await publish(house, '2026-01-30', [1], 'month-end')
  await publish(house, '2026-02-01', [2], 'month-end')
  expect(await copies(house)).toEqual(['2026-01-30'])
  await publish(house, '2026-01-31', [3], 'month-end')
  expect(await copies(house)).toEqual(['2026-01-31'])
  await publish(house, '2026-02-02', [4], 'month-end')
  await publish(house, '2026-02-03', [5], 'month-end')
  await publish(house, '2026-03-01', [6], 'month-end')
  expect(await copies(house)).toEqual(['2026-01-31', '2026-02-03'])
  await pruneWarehouse({ ...house, keep: { daily: 1, monthly: 3 }, remove: true })
  expect(await copies(house)).toEqual(['2026-01-31', '2026-02-03'])
  expect(await verify(house)).toMatchObject({ problems: [] })
})

test('month-end: a copy of the day before that comes late goes, once the time of readers is over', async () => {
  const house = await testHouse()
  await publish(house, '2026-01-30', [1], 'month-end')
  await publish(house, '2026-02-01', [2], 'month-end')
  const late = await house.store.get('a/2026/01/30.parquet')
  house.setNow('2026-03-03T03:00:00Z')
  await publish(house, '2026-01-31', [3], 'month-end')
  await house.store.put('a/2026/01/30.parquet', late?.body ?? Buffer.of())
  house.setNow('2026-03-05T03:00:00Z')
  await publish(house, '2026-02-02', [4], 'month-end')
  expect(await copies(house)).toEqual(['2026-01-31'])
})

test('month-end: pruned, the day before has a copy, also where a removal comes late', async () => {
  const house = await testHouse()
  await publish(house, '2026-01-25', [1], 'month-end')
  await publish(house, '2026-01-31', [2], 'month-end')
  await publish(house, '2026-02-01', [3], 'month-end')
  expect(await copies(house)).toEqual(['2026-01-31'])
  house.setNow('2026-03-03T03:00:00Z')
  await pruneWarehouse({ ...house, keep: { weekly: 5 }, remove: true })
  expect(await copies(house)).toEqual(['2026-01-25'])
  await house.store.delete('a/2026/01/25.parquet')
  house.setNow('2026-03-05T03:00:00Z')
  await publish(house, '2026-02-02', [4], 'month-end')
  expect(await copies(house)).toEqual(['2026-01-25'])
})

test('month-end: a table that left within the month has a copy of its own last day', async () => {
  const house = await testHouse()
  await publish(house, '2026-01-30', { a: [1], b: [1] }, 'month-end')
  await publish(house, '2026-01-31', { b: [1] }, 'month-end')
  await publish(house, '2026-02-01', { b: [1] }, 'month-end')
  const report = await verify(house)
  expect(report.problems).toEqual([])
  expect(await copies(house)).toEqual(['2026-01-30'])
})

test('another setting counts for days that are published from then on', async () => {
  const house = await testHouse()
  await publish(house, '2026-01-29', [1], 'daily')
  await publish(house, '2026-01-30', [1], 'never')
  await publish(house, '2026-01-31', [1], 'daily')
  expect(await copies(house)).toEqual(['2026-01-29', '2026-01-31'])
  // nothing changed but the setting
  await publish(house, '2026-01-31', [1], 'never')
  expect(await copies(house)).toEqual(['2026-01-29'])
  expect(await verify(house)).toMatchObject({ problems: [], orphans: [] })
})

test('a day of which nothing changed: its list is lost, its index has it; its index is lost, its list has it', async () => {
  const house = await testHouse()
  await months(house, 'never')
  const repair = () => repairWarehouse({ ...house, tempDirectory: house.temp })
  const { index, list, files } = await keysOf(house, '2026-02-01')
  await rm(join(house.path, list))
  expect((await verify(house)).problems).toMatchObject([{ kind: 'missing', key: list }])
  await repair()
  expect((await keysOf(house, '2026-02-01')).files).toEqual(files)
  await rm(join(house.path, (await keysOf(house, '2026-02-01')).index))
  await repair()
  expect((await keysOf(house, '2026-02-01')).files).toEqual(files)
  expect((await keysOf(house, '2026-02-01')).index).not.toBe(index)
  expect(await verify(house)).toMatchObject({ days: 5, files: 3, problems: [] })
})

test('pruned days do not take the file of an unchanged table with them', async () => {
  const house = await testHouse()
  await publish(house, '2026-01-29', { a: [1], b: [1] }, 'daily')
  await publish(house, '2026-01-30', { a: [1], b: [2] }, 'daily')
  await publish(house, '2026-01-31', { a: [1], b: [3] }, 'daily')
  const { removed } = await pruneWarehouse({ ...house, keep: { daily: 1 }, remove: true })
  expect(removed.map(({ date, files }) => [date, files])).toEqual([
    ['2026-01-29', 1],
    ['2026-01-30', 1],
  ])
  house.setNow('2026-06-01T03:00:00Z')
  await publish(house, '2026-06-01', { a: [1], b: [3] }, 'daily')
  expect(await verify(house)).toMatchObject({ days: 2, files: 2, problems: [], orphans: [] })
  const days: string[] = []
  for await (const { key } of house.store.list('_dwh/days/')) days.push(dayManifestDay(key) ?? key)
  expect(days).toEqual(['2026-01-31', '2026-06-01'])
})
