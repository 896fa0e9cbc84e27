import { randomBytes } from 'node:crypto'
import { rm, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type Day,
  dayManifestDay,
  isDwhError,
  type ObjectStore,
  type RunEvent,
  type SelectionSettings,
  type Source,
} from '@dwh/core'
import { postgresSource } from '@dwh/extract-postgres'
import { clean, readManifest, readState } from '@dwh/metadata'
import { openParquetWriter, type ParquetWriter } from '@dwh/parquet-writer'
import { localStore } from '@dwh/storage'
import { type TestDatabase, temporaryFolder, testDatabase } from '@dwh/test-kit'
import { expect, onTestFinished, test } from 'vitest'
import { planPipeline, type RunOptions, type RunReport, runPipeline } from './index.ts'

/*
 * A run publishes the files of unchanged tables again. What the source sees is tested in extract-postgres; here, what a
 * run makes of it.
 */

const TABLES = `
  CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL, credit numeric);
  INSERT INTO customers VALUES (1, 'Ada', 1.5), (2, 'Bob', 20.25);
  CREATE TABLE orders (id int PRIMARY KEY, customer_id int);
  INSERT INTO orders SELECT i, 1 FROM generate_series(1, 100) i;
  CREATE VIEW totals AS SELECT count(*) AS n FROM orders;`

interface House {
  readonly path: string
  readonly store: ObjectStore
  readonly writer: ParquetWriter
  readonly events: RunEvent[]
  readonly options: RunOptions
  run(day: number, more?: Partial<RunOptions>): Promise<RunReport>
}

async function house(database: TestDatabase, settings: SelectionSettings = {}): Promise<House> {
  const [path, tempDirectory] = [await temporaryFolder(), await temporaryFolder()]
  const writer = await openParquetWriter({ tempDirectory })
  onTestFinished(() => writer.close())
  const store = localStore({ path })
  const events: RunEvent[] = []
  const options: RunOptions = {
    store,
    sources: sourcesOf(database, settings),
    writer,
    tempDirectory,
    clock: () => new Date('2026-02-18T03:00:00Z'),
    random: randomBytes,
    onEvent: (event) => events.push(event),
  }
  const run = async (day: number, more: Partial<RunOptions> = {}) => {
    await database.settle()
    return runPipeline({ ...options, clock: () => new Date(Date.UTC(2026, 1, day, 3)), ...more })
  }
  return { path, store, writer, events, options, run }
}

function sourcesOf(database: TestDatabase, settings: SelectionSettings = {}, change = (source: Source) => source) {
  return { default: { source: change(postgresSource({ connection: database.url })), ...settings } }
}

/** What a run did with each table: `unchanged`, or why it read it; null for a new table. */
function stepsOf({ record }: RunReport): Record<string, string | null> {
  const steps = Object.entries(record.tables).map(([name, table]) => {
    if (table.status === 'written') return [name, table.reason?.id ?? null]
    return [name, table.status]
  })
  return Object.fromEntries(steps)
}

const keyOf = (report: RunReport, table: string) => report.state.tables[table]?.files[0]?.key ?? ''

/** The rows of a table on a day, by its plain copy or its file. */
async function rowsAt({ store, writer, path }: House, table: string, day: Day): Promise<number> {
  const { state } = await readState(store)
  const manifest = await readManifest(store, state, day)
  const [file] = manifest?.tables[table]?.files ?? []
  return (await writer.inspect(join(path, file?.key ?? 'none'))).rows
}

test('a table that has not changed: its file is published again, under the new day, with a plain copy', async () => {
  const database = await testDatabase(TABLES)
  const lake = await house(database)
  const first = await lake.run(18)
  expect(stepsOf(first)).toEqual({ customers: null, orders: null })
  await database.query('INSERT INTO orders VALUES (101, 2)')
  const second = await lake.run(19)
  expect(stepsOf(second)).toEqual({ customers: 'unchanged', orders: 'rows-changed' })
  expect(keyOf(second, 'customers')).toBe(keyOf(first, 'customers'))
  expect(keyOf(second, 'orders')).not.toBe(keyOf(first, 'orders'))
  expect(second.state.counts).toEqual({ customers: 2, orders: 101 })
  const entry = second.state.tables.customers
  const before = first.state.tables.customers
  expect(entry).toMatchObject({ date: '2026-02-19', run_id: second.runId, read_at: before?.snapshot.taken_at })
  expect(Date.parse(entry?.snapshot.taken_at ?? '')).toBeGreaterThan(Date.parse(before?.snapshot.taken_at ?? ''))
  expect(entry?.columns).toEqual(before?.columns)
  for (const day of ['18', '19'])
    expect((await lake.writer.inspect(join(lake.path, `customers/2026/02/${day}.parquet`))).rows).toBe(2)
  expect(await rowsAt(lake, 'orders', '2026-02-18')).toBe(100)
  expect(await rowsAt(lake, 'orders', '2026-02-19')).toBe(101)
  expect(lake.events).toContainEqual({ type: 'table-unchanged', table: 'customers', rows: 2, proved: false })
})

test('plan: says of each table whether it is read, and why', async () => {
  const database = await testDatabase(TABLES)
  const lake = await house(database, { include: ['*', 'totals'] })
  await lake.run(18)
  await database.query('DELETE FROM orders WHERE id = 7')
  const plan = await planPipeline(lake.options)
  expect(plan.tables.map(({ name, step }) => [name, step.action === 'read' ? step.reason : 'keep'])).toEqual([
    ['customers', 'keep'],
    ['orders', { id: 'rows-changed', text: '1 row deleted' }],
    ['totals', { id: 'not-detectable', text: 'it is a view' }],
  ])
})

test('nothing changed on the same day: no list and no file is written', async () => {
  const database = await testDatabase(TABLES)
  const lake = await house(database)
  const first = await lake.run(18)
  const before = await keys(lake.store)
  const second = await lake.run(18)
  expect(stepsOf(second)).toEqual({ customers: 'unchanged', orders: 'unchanged' })
  expect((await keys(lake.store)).filter((key) => !before.includes(key))).toEqual([`_dwh/runs/${second.runId}.json`])
  expect(second.state.months).toEqual(first.state.months)
  expect(second.state.run_id).toBe(second.runId)
  expect(second.state.fencing_token).toBeGreaterThan(first.state.fencing_token)
})

test('the first day of which nothing changed has a list, and pruned or cleaned objects are none of its', async () => {
  const database = await testDatabase(TABLES)
  const lake = await house(database)
  await lake.run(18)
  await lake.run(19)
  await database.query('UPDATE orders SET customer_id = 2; UPDATE customers SET credit = 3')
  await lake.run(20)
  // long after: everything that no list names goes
  await clean(lake.store, { now: new Date('2026-04-01'), raiseToken: false, whole: true })
  expect(await rowsAt(lake, 'customers', '2026-02-18')).toBe(2)
  expect(await rowsAt(lake, 'customers', '2026-02-19')).toBe(2)
  const days = (await keys(lake.store)).flatMap((key) => dayManifestDay(key) ?? [])
  expect(days).toEqual(['2026-02-18', '2026-02-19', '2026-02-20'])
})

test.each<[string, SelectionSettings, string]>([
  ['a column renamed', { tables: { customers: { columns: { rename: { name: 'label' } } } } }, 'settings-changed'],
  ['a column excluded', { tables: { customers: { columns: { exclude: ['name'] } } } }, 'settings-changed'],
  ['a choice of type', { tables: { customers: { columns: { types: { credit: 'text' } } } } }, 'settings-changed'],
  ['readers', { readers: ['spark'] }, 'settings-changed'],
  ['a higher level of proof', { verify: 'hash' }, 'settings-changed'],
  ['a condition', { tables: { customers: { where: 'id > 0' } } }, 'not-detectable'],
])('%s: read in full once, said why', async (_, settings, reason) => {
  const database = await testDatabase(TABLES)
  const lake = await house(database)
  await lake.run(18)
  const changed = { sources: sourcesOf(database, settings) }
  const second = await lake.run(19, changed)
  expect(stepsOf(second).customers).toBe(reason)
  const third = await lake.run(20, changed)
  expect(stepsOf(third).customers).toBe(reason === 'not-detectable' ? reason : 'unchanged')
})

test('a lower level of proof, another extraction method: nothing is read', async () => {
  const database = await testDatabase(TABLES)
  const lake = await house(database, { verify: 'hash' })
  await lake.run(18)
  const second = await lake.run(19, { sources: sourcesOf(database, { verify: 'counts', extract: 'rows' }) })
  expect(stepsOf(second)).toEqual({ customers: 'unchanged', orders: 'unchanged' })
  expect(second.state.tables.customers?.proof.level).toBe('hash')
})

test('full refresh: every table is read, once', async () => {
  const database = await testDatabase(TABLES)
  const lake = await house(database)
  await lake.run(18)
  const second = await lake.run(19, { fullRefresh: true })
  expect(stepsOf(second)).toEqual({ customers: 'full-refresh', orders: 'full-refresh' })
  expect(stepsOf(await lake.run(20))).toEqual({ customers: 'unchanged', orders: 'unchanged' })
})

test.each([
  ['gone', (path: string) => rm(path)],
  ['cut short', (path: string) => truncate(path, 10)],
])('the file of an unchanged table is %s: it is read', async (_, damage) => {
  const database = await testDatabase(TABLES)
  const lake = await house(database)
  const first = await lake.run(18)
  await damage(join(lake.path, keyOf(first, 'customers')))
  const second = await lake.run(19)
  expect(stepsOf(second)).toEqual({ customers: 'file-missing', orders: 'unchanged' })
  expect(await rowsAt(lake, 'customers', '2026-02-19')).toBe(2)
})

test('another table takes the name of an earlier one: read', async () => {
  const database = await testDatabase(`${TABLES} CREATE TABLE clients AS TABLE customers`)
  const lake = await house(database, { exclude: ['clients'] })
  await lake.run(18)
  const swapped = { exclude: ['customers'], tables: { clients: { name: 'customers' } } }
  const second = await lake.run(19, { sources: sourcesOf(database, swapped) })
  expect(stepsOf(second).customers).toBe('settings-changed')
  expect(second.state.tables.customers?.source.table).toBe('clients')
})

test('numbers that widened their column stay as they are; a wider one is read', async () => {
  const database = await testDatabase(TABLES)
  const lake = await house(database)
  const first = await lake.run(18)
  const type = (report: RunReport) => report.state.tables.customers?.columns[2]?.type
  await database.query('UPDATE customers SET credit = 1.123456 WHERE id = 1')
  const second = await lake.run(19)
  expect(type(second)).not.toBe(type(first))
  const third = await lake.run(20, { reproveMs: 0 })
  expect(stepsOf(third).customers).toBe('unchanged')
  expect(type(third)).toBe(type(second))
})

test('the proof of an unchanged table is renewed when it is old enough, without reading it', async () => {
  const database = await testDatabase(TABLES)
  const lake = await house(database, { verify: 'hash', tables: { orders: { verify: 'counts' } } })
  const first = await lake.run(18)
  const before = first.state.tables.customers
  expect((await lake.run(19)).state.tables.customers?.proved_at).toBe(before?.snapshot.taken_at)
  const third = await lake.run(20, { reproveMs: 0 })
  expect(stepsOf(third)).toEqual({ customers: 'unchanged', orders: 'unchanged' })
  expect(third.record.tables.customers).toEqual({ status: 'unchanged', rows: 2, proved: true })
  const entry = third.state.tables.customers
  expect(entry?.proved_at).toBe(entry?.snapshot.taken_at)
  expect(entry?.read_at).toBe(before?.snapshot.taken_at)
  expect(keyOf(third, 'customers')).toBe(keyOf(first, 'customers'))
})

test('a change that the source did not see: the renewed proof finds it, and the table is read', async () => {
  const database = await testDatabase(TABLES)
  const lake = await house(database)
  await lake.run(18)
  await database.query('UPDATE customers SET credit = 2 WHERE id = 1')
  const blind = sourcesOf(database, {}, (source) => blinded(source))
  expect(stepsOf(await lake.run(19, { sources: blind }))).toMatchObject({ customers: 'unchanged' })
  const third = await lake.run(20, { sources: blind, reproveMs: 0 })
  expect(stepsOf(third)).toEqual({ customers: 'proof-failed', orders: 'unchanged' })
  expect(lake.events).toContainEqual({
    type: 'table-proof-failed',
    table: 'customers',
    reason: { id: 'proof-failed', text: expect.stringContaining('column credit: sum') },
  })
})

/** A source that sees no change ever. */
function blinded(source: Source): Source {
  return {
    async open(signal) {
      const snapshot = await source.open(signal)
      return {
        ...snapshot,
        async detect(requests, aborted) {
          const found = await snapshot.detect?.(requests, aborted)
          return (found ?? []).map(({ state, ...detection }, at) =>
            state !== null && requests[at]?.earlier != null
              ? { changed: false, state, by: 'count' }
              : ({ state, ...detection } as never),
          )
        },
      }
    },
  }
}

test('a source that cannot tell: every table is read, said why', async () => {
  const database = await testDatabase(TABLES)
  const lake = await house(database)
  const simple = (source: Source): Source => ({
    async open(signal) {
      const { detect: _, ...snapshot } = await source.open(signal)
      return snapshot
    },
  })
  const sources = sourcesOf(database, {}, simple)
  expect(stepsOf(await lake.run(18, { sources }))).toEqual({ customers: null, orders: null })
  expect(stepsOf(await lake.run(19, { sources }))).toEqual({ customers: 'not-detectable', orders: 'not-detectable' })
})

test('a past day: the current file is true for it, too; the current tables stay', async () => {
  const database = await testDatabase(TABLES)
  const lake = await house(database)
  const first = await lake.run(18)
  const past = await lake.run(18, { date: '2026-02-10' })
  expect(stepsOf(past)).toEqual({ customers: 'unchanged', orders: 'unchanged' })
  expect(past.state.tables.customers?.date).toBe('2026-02-18')
  expect(keyOf(past, 'customers')).toBe(keyOf(first, 'customers'))
  expect(await rowsAt(lake, 'customers', '2026-02-10')).toBe(2)
  expect((await lake.writer.inspect(join(lake.path, 'customers/2026/02/10.parquet'))).rows).toBe(2)
})

test('a run that fails afterwards has changed nothing, and the next one sees the same', async () => {
  const database = await testDatabase(TABLES)
  const lake = await house(database)
  await lake.run(18)
  await database.query('INSERT INTO orders VALUES (101, 2)')
  const derive = async () => {
    throw new Error('a model failed')
  }
  await expect(lake.run(19, { derive })).rejects.toSatisfy((error) => isDwhError(error) || error instanceof Error)
  expect(stepsOf(await lake.run(19))).toEqual({ customers: 'unchanged', orders: 'rows-changed' })
})

test('only some tables: the others keep what was recorded of them', async () => {
  const database = await testDatabase(TABLES)
  const lake = await house(database)
  await lake.run(18)
  await database.query('UPDATE customers SET credit = 2')
  expect(stepsOf(await lake.run(19, { only: ['orders'] }))).toEqual({ orders: 'unchanged' })
  expect(stepsOf(await lake.run(20))).toEqual({ customers: 'rows-changed', orders: 'unchanged' })
})

async function keys(store: ObjectStore): Promise<string[]> {
  const found: string[] = []
  for (const prefix of ['_dwh/parts/', '_dwh/days/', '_dwh/index/', '_dwh/runs/'])
    for await (const { key } of store.list(prefix)) found.push(key)
  return found.sort()
}
