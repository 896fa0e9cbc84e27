import { DAYS_PREFIX, INDEX_PREFIX, type ObjectStore, wrapStore } from '@dwh/core'
import { expect, test } from 'vitest'
import { runOf, testDays } from './days.test-support.ts'
import { describeDays } from './describe-days.ts'
import { measureWarehouse } from './measure-warehouse.ts'

/** Counts what a store is asked for. */
function counting(store: ObjectStore): { store: ObjectStore; asked: string[] } {
  const asked: string[] = []
  const counted = wrapStore(store, {
    get: (key, options) => {
      asked.push(key)
      return store.get(key, options)
    },
    list: (prefix, options) => {
      asked.push(`list ${prefix}`)
      return store.list(prefix, options)
    },
  })
  return { store: counted, asked }
}

test('days: newest first, each with its size and what changed', async () => {
  const { store, state } = await testDays({
    '2026-02-12': { orders: 10, legacy: 5, same: 1 },
    '2026-02-13': { orders: 12, legacy: 5, same: 1, customers: 3 },
    '2026-02-16': { orders: { rows: 12, columns: ['id', 'note'] }, same: 1, customers: 3 },
  })
  expect(await describeDays(store, state, 30, undefined)).toEqual([
    {
      day: '2026-02-16',
      runId: runOf('2026-02-16'),
      tables: 3,
      rows: 16,
      bytes: 160,
      changes: {
        since: '2026-02-13',
        added: [],
        removed: ['legacy'],
        altered: ['orders'],
        newFiles: 1,
        sameFiles: 2,
        rows: -5,
      },
    },
    {
      day: '2026-02-13',
      runId: runOf('2026-02-13'),
      tables: 4,
      rows: 21,
      bytes: 210,
      changes: {
        since: '2026-02-12',
        added: ['customers'],
        removed: [],
        altered: [],
        newFiles: 1,
        sameFiles: 2,
        rows: 5,
      },
    },
    { day: '2026-02-12', runId: runOf('2026-02-12'), tables: 3, rows: 16, bytes: 160, changes: null },
  ])
})

test('days: reads the manifests of the days that it lists, one more, and nothing else', async () => {
  const days = Array.from({ length: 40 }, (_, i) => new Date(Date.UTC(2026, 0, 1 + i)).toISOString().slice(0, 10))
  const house = await testDays(Object.fromEntries(days.map((day, i) => [day, { orders: i }])))
  const { store, asked } = counting(house.store)
  const found = await describeDays(store, house.state, 10, undefined)
  expect(found.map(({ day }) => day)).toEqual(days.slice(-10).reverse())
  expect(found.at(-1)?.changes).toMatchObject({ since: days.at(-11), rows: 1 })
  expect(asked.filter((what) => what.startsWith(INDEX_PREFIX))).toHaveLength(2 + 2)
  expect(asked.filter((what) => what.startsWith(DAYS_PREFIX))).toHaveLength(11)
  expect(asked).toHaveLength(2 + 2 + 11)
})

test('days: an empty warehouse has none; that of a run of version 3 being published counts', async () => {
  const empty = await testDays({})
  expect(await describeDays(empty.store, empty.state, 30, undefined)).toEqual([])
  const { store, state } = await testDays(
    { '2026-02-12': { orders: 1 }, '2026-02-13': { orders: 2 } },
    { publishing: '2026-02-13' },
  )
  expect((await describeDays(store, state, 30, undefined)).map(({ day }) => day)).toEqual(['2026-02-13', '2026-02-12'])
})

test('size: each file once, and the days; a list that ends early says so', async () => {
  const { store, state } = await testDays({ '2026-02-12': { orders: 1 }, '2026-02-13': { orders: 2 } })
  await store.put('_dwh/parts/orders/2026/02/12-20260212T030000Z-00000000.parquet', new Uint8Array(1500))
  let objects = 0
  let bytes = 0
  for await (const { size } of store.list('')) {
    objects += 1
    bytes += size
  }
  expect(bytes).toBeGreaterThan(1500)
  // in a folder a plain copy is the same file
  await store.put('orders/2026/02/12.parquet', new Uint8Array(1500))
  objects += 1
  const days = { days: 2, firstDay: '2026-02-12', lastDay: '2026-02-13' }
  expect(await measureWarehouse(store, state, undefined)).toEqual({ ...days, objects, bytes, complete: true })
  const part = await measureWarehouse(store, state, undefined, 2)
  expect(part).toMatchObject({ ...days, objects: 2, complete: false })
  expect(part?.bytes).toBeLessThan(bytes)
  const empty = await testDays({})
  expect(await measureWarehouse(empty.store, empty.state, undefined)).toMatchObject({ days: 0, firstDay: null })
})
