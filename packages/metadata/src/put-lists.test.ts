import { type Day, type FileEntry, type MonthIndex, monthIndexKey, type ObjectStore } from '@dwh/core'
import { expect, test } from 'vitest'
import {
  type DayFiles,
  daysOf,
  EMPTY_STATE,
  filesOfDay,
  listDays,
  type MonthDays,
  putManifest,
  putMonths,
  readMonth,
} from './index.ts'
import { memoryStore } from './memory-store.ts'
import { entry, id, keys, textOf } from './test-support.ts'

const file = (key: string): FileEntry => ({ key, rows: 1, bytes: 2, sha256: 'a'.repeat(64) })

/** A day whose list names these files. */
async function dayOf(store: ObjectStore, date: Day, tables: Readonly<Record<string, string[]>>): Promise<DayFiles> {
  const made = entry(id(1), date, 'x', 'x')
  const entries = Object.entries(tables).map(([name, of]) => [name, { ...made, files: of.map(file) }])
  return putManifest(store, id(1), { version: 4, date, run_id: id(1), tables: Object.fromEntries(entries) })
}

async function put(store: ObjectStore, months: ReadonlyMap<string, MonthDays>, root: string, runId = id(1)) {
  const tables = { a: entry(runId, '2026-02-18', 'a', 'x') }
  const named = await putMonths(store, EMPTY_STATE, { runId, months, root, tables, sources: {} })
  return { ...EMPTY_STATE, months: named }
}

test('a file that many days name: once in the index; each day gets its own back', async () => {
  const store = memoryStore()
  const days = new Map<Day, DayFiles>()
  for (let day = 28; day > 0; day -= 1) {
    const date = `2026-02-${String(day).padStart(2, '0')}`
    days.set(date, await dayOf(store, date, { large: ['part1', 'part2', 'part3'], ['__proto__']: [`own ${day}`] }))
  }
  const state = await put(store, new Map([['2026-02', days]]), '2026-02')
  const index = (await readMonth(store, state, '2026-02')) as MonthIndex
  expect(index.files).toHaveLength(3 + 28)
  expect(Object.keys(index.days)).toEqual([...days.keys()].sort())
  expect(await listDays(store, state)).toEqual([...days.keys()].sort())
  const of = filesOfDay(index, '2026-02-07')
  expect([...(of ?? [])].map(([name, files]) => [name, files.map(({ key }) => key)])).toEqual([
    ['large', ['part1', 'part2', 'part3']],
    ['__proto__', ['own 7']],
  ])
  expect(of?.get('large')?.[0]).toEqual(file('part1'))
  expect([filesOfDay(index, '2026-02-30'), filesOfDay(index, 'constructor')]).toEqual([null, null])
})

test('an index that is read, changed and put again: its other days stay as they were', async () => {
  const store = memoryStore()
  const days = new Map([['2026-02-17', await dayOf(store, '2026-02-17', { a: ['1', '2'], b: [] })]])
  const first = await put(store, new Map([['2026-02', days]]), '2026-02')
  const again = daysOf(await readMonth(store, first, '2026-02'))
  expect(again).toEqual(days)
  again.set('2026-02-18', await dayOf(store, '2026-02-18', { a: ['2', '3'] }))
  const second = await put(store, new Map([['2026-02', again]]), '2026-02', id(2))
  expect(daysOf(await readMonth(store, second, '2026-02'))).toEqual(again)
  expect(await keys(store, '_dwh/index/')).toEqual([monthIndexKey('2026-02', id(1)), monthIndexKey('2026-02', id(2))])
  expect(daysOf(null)).toEqual(new Map())
})

test('several months: the root names all others, a month without days is left out', async () => {
  const store = memoryStore()
  const one = async (date: Day) => new Map([[date, await dayOf(store, date, { a: [date] })]])
  const months = new Map<string, MonthDays>([
    ['2026-02', await one('2026-02-18')],
    ['2025-12', await one('2025-12-31')],
    ['2026-01', new Map()],
  ])
  const base = { ...EMPTY_STATE, months: { '2026-01': { key: 'old', bytes: 1, sha256: '' } }, fencing_token: 7 }
  const named = await putMonths(store, base, { runId: id(1), months, root: '2026-02', tables: {}, sources: {} })
  expect(Object.keys(named)).toEqual(['2025-12', '2026-02'])
  const root = await readMonth(store, { months: named }, '2026-02')
  expect(root).toMatchObject({ fencing_token: 7, root: { others: { '2025-12': named['2025-12'] } } })
  expect(await readMonth(store, { months: named }, '2025-12')).not.toHaveProperty('root')
  expect(await textOf(store, named['2026-02']?.key ?? '')).toHaveLength(named['2026-02']?.bytes ?? 0)
})
