import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { dayManifestKey, manifestKey, STATE_KEY, wrapStore } from '@dwh/core'
import { daysOf, putMonths, readMonth, serialise } from '@dwh/metadata'
import { describe, expect, onTestFinished, test } from 'vitest'
import { runOf, testDays } from './days.test-support.ts'
import { openWarehouse } from './index.ts'
import { readTables } from './read-tables.ts'

const WEEK = {
  '2026-01-30': { orders: 1 },
  '2026-02-12': { orders: 2 },
  '2026-02-13': { orders: 3 },
  '2026-02-16': { orders: 4, customers: 1 },
}
const TODAY = '2026-02-17'

describe('as of', () => {
  test.each([
    ['2026-02-13', '2026-02-13', '2026-02-13'],
    // a weekend
    ['2026-02-15', '2026-02-15', '2026-02-13'],
    ['2026-02-01', '2026-02-01', '2026-01-30'],
    // the future
    ['2030-01-01', '2030-01-01', '2026-02-16'],
    ['today', '2026-02-17', '2026-02-16'],
    ['yesterday', '2026-02-16', '2026-02-16'],
    ['2 days ago', '2026-02-15', '2026-02-13'],
    ['2026-01', '2026-01-31', '2026-01-30'],
    ['2026-02', '2026-02-28', '2026-02-16'],
    ['2026', '2026-12-31', '2026-02-16'],
  ])('%s: asks for %s and gives %s', async (asOf, askedDay, day) => {
    const { store } = await testDays(WEEK)
    const shown = await readTables(store, { asOf, today: TODAY })
    expect(shown).toMatchObject({ askedDay, day, runId: runOf(day) })
    expect(shown.tables.orders?.date).toBe(day)
  })

  test('no day given: the current tables, of no day', async () => {
    const { store, state } = await testDays(WEEK)
    const shown = await readTables(store, { today: TODAY })
    expect(shown).toMatchObject({ askedDay: null, day: null, runId: state.run_id, tables: state.tables })
  })

  test('a day before the first: an error that names the first', async () => {
    const { store } = await testDays(WEEK)
    await expect(readTables(store, { asOf: '2026-01', today: '2026-01-05' })).resolves.toMatchObject({
      day: '2026-01-30',
    })
    await expect(readTables(store, { asOf: '2026-01-29', today: TODAY })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: 'as of 2026-01-29: the first day of the warehouse is 2026-01-30',
      hint: expect.stringContaining('dwh days'),
    })
  })

  test('no text of a day: refused before anything is read', async () => {
    const { store } = await testDays({})
    await expect(readTables(store, { asOf: 'last week', today: TODAY })).rejects.toThrow('date "last week": not a day')
    await expect(readTables(store, { asOf: 'today', today: TODAY })).rejects.toThrow('no warehouse here yet')
  })

  test('a run of version 3 is being published: its day counts, although its list is only staged', async () => {
    const { store } = await testDays(WEEK, { publishing: '2026-02-16' })
    for (const asOf of ['2026-02-16', 'today'])
      expect(await readTables(store, { asOf, today: TODAY })).toMatchObject({ day: '2026-02-16' })
  })

  test('a day is pruned after the index was read, and its list removed: the day before it', async () => {
    const { store, state } = await testDays(WEEK)
    const list = dayManifestKey('2026-02-16', runOf('2026-02-16'))
    const pruning = wrapStore(store, {
      async get(key, options) {
        if (key === list) {
          const days = daysOf(await readMonth(store, state, '2026-02'))
          days.delete('2026-02-16')
          const months = new Map([['2026-02', days]])
          const made = { runId: 'later', months, root: '2026-02', tables: {}, sources: {} }
          await store.put(STATE_KEY, serialise({ ...state, months: await putMonths(store, state, made) }))
          await store.delete(list)
        }
        return store.get(key, options)
      },
    })
    expect(await readTables(pruning, { asOf: 'today', today: TODAY })).toMatchObject({ day: '2026-02-13' })
  })

  test('version 3: a day is pruned after the list was read: the day before it', async () => {
    const { store } = await testDays(WEEK, { older: true })
    const pruning = wrapStore(store, {
      async *list(prefix, options) {
        yield* store.list(prefix, options)
        await store.delete(manifestKey('2026-02-16'))
      },
    })
    expect(await readTables(pruning, { asOf: 'today', today: TODAY })).toMatchObject({ day: '2026-02-13' })
  })

  test.each([
    ['UTC', '2026-02-16', '2026-02-13'],
    ['Europe/Zurich', '2026-02-17', '2026-02-16'],
  ])('today and yesterday: at 23:30 UTC, the days of %s', async (timezone, today, yesterday) => {
    const { folder } = await testDays({ ...WEEK, '2026-02-17': { orders: 5 } })
    const clock = () => new Date('2026-02-16T23:30:00Z')
    const warehouse = await openWarehouse({ storage: folder, timezone }, { clock })
    expect((await warehouse.tables('today')).day).toBe(today)
    expect(await warehouse.tables('yesterday')).toMatchObject({ day: yesterday })
  })

  test('session: says the day of its tables', async () => {
    const { folder } = await testDays(WEEK)
    const warehouse = await openWarehouse(folder)
    for (const [asOf, day] of [
      ['2026-02-15', '2026-02-13'],
      [undefined, null],
    ] as const) {
      const session = await warehouse.session({ asOf })
      expect(session).toMatchObject({ day, askedDay: asOf ?? null })
      await session.close()
    }
  })
})

test.each([
  ['finds each day by its month', {}],
  ['version 3: looks back day by day, at most a year', { older: true }],
])('as of, on a web server that lists nothing: %s', async (_, layout) => {
  const { folder } = await testDays(WEEK, layout)
  const server = createServer(async ({ url = '' }, response) => {
    const body = await readFile(join(folder, decodeURIComponent(url))).catch(() => null)
    response.writeHead(body === null ? 404 : 200, { 'content-length': body?.length ?? 0 }).end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close().closeAllConnections())
  const warehouse = await openWarehouse(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  expect((await warehouse.tables('2026-02-15')).day).toBe('2026-02-13')
  expect((await warehouse.tables('2026-02-11')).day).toBe('2026-01-30')
  // from the last day on, not from the day asked for
  expect((await warehouse.tables('2030-01-01')).day).toBe('2026-02-16')
  await expect(warehouse.tables('2026-01-01')).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message:
      'older' in layout
        ? 'as of 2026-01-01: no day found in the 366 days up to it'
        : 'as of 2026-01-01: the first day of the warehouse is 2026-01-30',
    hint: 'older' in layout ? expect.stringContaining('2026-02-16') : expect.stringContaining('dwh days'),
  })
  expect(await warehouse.size()).toBeNull()
})
