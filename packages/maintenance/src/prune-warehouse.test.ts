import { isDwhError, type ObjectStore } from '@dwh/core'
import { listDays, readState } from '@dwh/metadata'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { keepDays, pruneWarehouse, type Retention, verifyWarehouse } from './index.ts'
import { keysOf, type TestHouse, testHouse } from './test-support.ts'

const prune = (house: TestHouse, keep: Retention, remove = true) => pruneWarehouse({ ...house, keep, remove })
const verify = (house: TestHouse) => verifyWarehouse({ store: house.store, tempDirectory: house.temp, random: () => 0 })
const problems = async (house: TestHouse) => (await verify(house)).problems

async function keys({ store }: { store: ObjectStore }, prefix = ''): Promise<string[]> {
  const all: string[] = []
  for await (const { key } of store.list(prefix)) all.push(key)
  return all
}

describe('which days stay', () => {
  const days = (first: string, count: number) =>
    Array.from({ length: count }, (_, i) => new Date(Date.parse(first) + i * 86_400_000).toISOString().slice(0, 10))

  test('the most recent N daily, weekly (from Monday), monthly and yearly days, the last day of each period', () => {
    const year = days('2025-01-01', 365)
    expect([...keepDays(year, { daily: 2 }).keys()]).toEqual(['2025-12-31', '2025-12-30'])
    // 2025-12-28 is a Sunday
    expect([...keepDays(year, { weekly: 2 }).keys()]).toEqual(['2025-12-31', '2025-12-28'])
    expect([...keepDays(year, { monthly: 3 }).keys()]).toEqual(['2025-12-31', '2025-11-30', '2025-10-31'])
    expect([...keepDays([...year, '2024-02-03', '2022-01-01'], { yearly: 9 }).keys()]).toEqual([
      '2025-12-31',
      '2024-02-03',
      '2022-01-01',
    ])
    expect(keepDays(year, {}).size).toBe(0)
    expect(keepDays(['2026-01-01', '2020-01-01'], { daily: 2 }).size).toBe(2)
    expect(Object.fromEntries(keepDays(year, { daily: 1, weekly: 2, yearly: 3 }))).toEqual({
      '2025-12-31': ['daily', 'weekly', 'yearly'],
      '2025-12-28': ['weekly'],
    })
  })

  test('only existing days, never fewer than asked for while there are enough, always the last one', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 0, max: 2000 }), { minLength: 1 }),
        fc.nat(9),
        fc.nat(9),
        (all, daily, monthly) => {
          const there = all.map((n) => new Date(Date.parse('2020-01-01') + n * 86_400_000).toISOString().slice(0, 10))
          const kept = keepDays(there, { daily, monthly })
          expect(there).toEqual(expect.arrayContaining([...kept.keys()]))
          expect(kept.size).toBeGreaterThanOrEqual(Math.min(daily, there.length))
          if (daily + monthly > 0) expect([...kept.keys()]).toContain([...there].sort().at(-1))
        },
      ),
    )
  })
})

describe('pruning', () => {
  test('without `remove`: only returns the plan', async () => {
    const house = await testHouse()
    for (const day of ['2026-01-30', '2026-02-28', '2026-03-01']) await house.run(day, { a: [1], b: [2] })
    const before = await keys(house)
    const report = await prune(house, { daily: 1 }, false)
    expect(report).toMatchObject({ removed: [], kept: [{ date: '2026-03-01', rules: ['daily', 'current'] }] })
    expect(report.wouldRemove.map(({ date, files }) => [date, files])).toEqual([
      ['2026-01-30', 2],
      ['2026-02-28', 2],
    ])
    expect(await keys(house)).toEqual(before)
  })

  test('with `remove`: exactly these days go, at once from the lists, and their files after the retention time', async () => {
    const house = await testHouse()
    for (const day of ['2026-01-30', '2026-02-28', '2026-03-01']) await house.run(day, { a: [1], b: [2] })
    const { state } = await readState(house.store)
    const january = await keysOf(house, '2026-01-30')
    const going = [january.index, january.list, ...Object.values(january.files)]
    await prune(house, { daily: 1, monthly: 2 })
    const after = (await readState(house.store)).state
    expect(after.fencing_token).toBe(state.fencing_token + 1)
    expect(await listDays(house.store, after)).toEqual(['2026-02-28', '2026-03-01'])
    expect(Object.keys(after.months)).toEqual(['2026-02', '2026-03'])
    expect((await keys(house)).filter((key) => key.endsWith('.parquet') && !key.startsWith('_dwh/'))).toEqual([
      'a/2026/02/28.parquet',
      'a/2026/03/01.parquet',
      'b/2026/02/28.parquet',
      'b/2026/03/01.parquet',
    ])
    // a reader that has the earlier list still finds all of it
    expect(await keys(house)).toEqual(expect.arrayContaining(going))
    expect(await problems(house)).toEqual([])
    house.setNow('2026-03-02T03:01:00Z')
    await house.run('2026-03-02', { a: [1], b: [2] })
    const left = await keys(house)
    for (const key of going) expect(left).not.toContain(key)
    expect(await problems(house)).toEqual([])
  })

  test('a day that was removed: a run may make it again at once', async () => {
    const house = await testHouse()
    for (const day of ['2026-01-30', '2026-03-01']) await house.run(day, { a: [1] })
    await prune(house, { daily: 1 })
    await house.run('2026-01-30', { a: [3] })
    expect(await problems(house)).toEqual([])
    house.setNow('2026-03-03T03:01:00Z')
    await house.run('2026-03-03', { a: [1] })
    const { state } = await readState(house.store)
    expect(await listDays(house.store, state)).toEqual(['2026-01-30', '2026-03-01', '2026-03-03'])
    expect(await problems(house)).toEqual([])
  })

  test('a file that a remaining day names, too: stays', async () => {
    const house = await testHouse()
    await house.run('2026-02-28', { a: [1], b: [2] })
    await house.run('2026-03-01', { a: [1], b: [2] })
    expect((await prune(house, { daily: 1 })).removed).toMatchObject([{ date: '2026-02-28', files: 2 }])
  })

  test('a day as of which a table is current: stays', async () => {
    const house = await testHouse()
    await house.run('2026-01-30', { a: [1], b: [2] })
    await house.run('2026-03-01', { a: [1], b: [2] }, { only: ['a'] })
    expect(await prune(house, { daily: 1 })).toMatchObject({
      removed: [],
      wouldRemove: [],
      kept: [
        { date: '2026-01-30', rules: ['current'] },
        { date: '2026-03-01', rules: ['daily', 'current'] },
      ],
    })
    expect(await problems(house)).toEqual([])
  })

  test('interrupted anywhere: all days or the wanted ones, and nothing is left', async () => {
    for (let stop = 0; ; stop += 1) {
      const house = await testHouse()
      for (const day of ['2026-02-27', '2026-02-28', '2026-03-01']) await house.run(day, { a: [1], b: [2] })
      const done = await pruneWarehouse({
        ...house,
        store: failingAfter(house.store, stop),
        keep: { daily: 1 },
        remove: true,
      }).then(
        () => true,
        (error) => {
          expect(isDwhError(error)).toBe(true)
          return false
        },
      )
      house.setNow('2026-03-01T04:00:00Z')
      await house.run('2026-03-01', { a: [2], b: [3] })
      expect(await problems(house)).toEqual([])
      const { state } = await readState(house.store)
      const days = await listDays(house.store, state)
      expect([1, 3]).toContain(days.length)
      house.setNow('2026-03-03T04:00:00Z')
      await house.run('2026-03-01', { a: [2], b: [3] })
      const { problems: found, orphans } = await verify(house)
      expect([found, orphans]).toEqual([[], []])
      expect((await keys(house)).filter((key) => /^a\/.*parquet$/.test(key))).toHaveLength(days.length)
      if (done) break
    }
  })

  test('a retention that keeps nothing: an error', async () => {
    await expect(prune(await testHouse(), {})).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
    await expect(prune(await testHouse(), { daily: 0 })).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
    expect(await prune(await testHouse(), { daily: 1 })).toEqual({ removed: [], wouldRemove: [], kept: [] })
  })
})

/** A store that fails after a number of changes. */
function failingAfter(store: ObjectStore, changes: number): ObjectStore {
  let count = 0
  function change<A extends unknown[], R>(work: (...args: A) => Promise<R>): (...args: A) => Promise<R> {
    return async (...args) => {
      if (count === changes)
        throw Object.assign(new Error('gone'), { name: 'DwhError', code: 'STORE_UNREACHABLE', context: {} })
      count += 1
      return work(...args)
    }
  }
  return { ...store, put: change(store.put), delete: change(store.delete), copy: change(store.copy) }
}
