import { randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import {
  DwhError,
  type EtlState,
  type ObjectStore,
  type RunEvent,
  type SelectionSettings,
  type Source,
  STATE_KEY,
} from '@dwh/core'
import { postgresSource } from '@dwh/extract-postgres'
import { readManifest, readRunRecords, readState } from '@dwh/metadata'
import { openParquetWriter } from '@dwh/parquet-writer'
import { localStore } from '@dwh/storage'
import { ClassStore } from '@dwh/storage/testing'
import { type TestDatabase, temporaryFolder, testDatabase } from '@dwh/test-kit'
import { describe, expect, onTestFinished, test } from 'vitest'
import { planPipeline, type RunOptions, type RunPlan, type RunReport, runPipeline } from './index.ts'

interface Warehouse {
  readonly path: string
  readonly temp: string
  readonly store: ObjectStore
  run(options?: Partial<RunOptions>): Promise<RunReport>
  readonly options: RunOptions
}

async function warehouse(database: TestDatabase, settings: SelectionSettings = {}): Promise<Warehouse> {
  const path = await temporaryFolder()
  const temp = await temporaryFolder()
  const writer = await openParquetWriter({ tempDirectory: temp })
  onTestFinished(() => writer.close())
  const store = localStore({ path })
  const options: RunOptions = {
    store,
    sources: { default: { source: postgresSource({ connection: database.url }), ...settings } },
    writer,
    tempDirectory: temp,
    clock: () => new Date('2026-02-18T03:00:00Z'),
    random: randomBytes,
  }
  return { path, temp, store, options, run: (more = {}) => runPipeline({ ...options, ...more }) }
}

/** Queries DuckDB, with the file of each current table under the name `t`. */
async function ask(house: Warehouse, table: string, sql: string): Promise<unknown[][]> {
  const { state } = await readState(house.store)
  const [file] = state.tables[table]?.files ?? []
  return duckdb(`WITH t AS (FROM read_parquet('${join(house.path, file?.key ?? 'none')}')) ${sql}`)
}

/** Returns the source with its copied text changed by `change`. */
function corrupting(source: Source, change: (text: string) => string): Source {
  return {
    async open(signal) {
      const snapshot = await source.open(signal)
      return {
        ...snapshot,
        readBulkText(table, options) {
          const { bulkText, sent } = (snapshot.readBulkText as NonNullable<typeof snapshot.readBulkText>)(
            table,
            options,
          )
          async function* changed(): AsyncGenerator<Uint8Array> {
            const pieces: Uint8Array[] = []
            for await (const piece of bulkText) pieces.push(piece)
            yield Buffer.from(change(Buffer.concat(pieces).toString()))
          }
          return { bulkText: changed(), sent }
        },
      }
    },
  }
}

async function duckdb(sql: string): Promise<unknown[][]> {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  try {
    return (await connection.runAndReadAll(sql)).getRowsJson()
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

async function keys(store: ObjectStore, prefix: string): Promise<string[]> {
  const all: string[] = []
  for await (const { key } of store.list(prefix)) all.push(key)
  return all
}

test('run: tables, types, empty tables, proof, record, events, no temporary files left', async () => {
  const database = await testDatabase(`
    CREATE TABLE customers (id int PRIMARY KEY, email text, paid numeric(10,2), seen timestamptz);
    INSERT INTO customers SELECT i, 'c' || i, i * 1.5, '2026-01-01' FROM generate_series(1, 1000) i;
    CREATE TABLE nothing (id bigint, doc jsonb); CREATE TABLE bare ();
    CREATE SCHEMA billing; CREATE TABLE billing.invoices AS SELECT 7 AS id;
    CREATE MATERIALIZED VIEW totals AS SELECT sum(paid)::numeric(20,2) AS total FROM customers`)
  const house = await warehouse(database)
  const events: RunEvent[] = []
  const report = await house.run({ onEvent: (event) => events.push(event) })

  expect(report.record).toMatchObject({
    status: 'success',
    date: '2026-02-18',
    error: null,
    tables: {
      'billing.invoices': { status: 'written', rows: 1 },
      customers: { status: 'written', rows: 1000 },
      nothing: { status: 'written', rows: 0 },
      totals: { status: 'written', rows: 1 },
    },
  })
  expect(report.plan.skipped).toEqual([{ table: 'bare', reason: 'it has no columns' }])
  expect((await readdir(house.path)).sort()).toEqual([
    '_dwh',
    'billing.invoices',
    'customers',
    'etl.json',
    'nothing',
    'totals',
  ])
  expect(await ask(house, 'customers', 'SELECT count(*)::INT, sum(paid)::VARCHAR FROM t')).toEqual([
    [1000, '750750.00'],
  ])
  expect(await ask(house, 'nothing', 'SELECT column_name, column_type FROM (DESCRIBE t)')).toEqual([
    ['id', 'BIGINT'],
    ['doc', 'JSON'],
  ])
  expect(await ask(house, 'totals', 'SELECT total::VARCHAR FROM t')).toEqual([['750750.00']])

  const { state } = await readState(house.store)
  expect(state).toMatchObject({
    run_id: report.runId,
    counts: { 'billing.invoices': 1, customers: 1000, nothing: 0, totals: 1 },
    sources: { default: { kind: 'postgres', database: database.name } },
    tables: {
      customers: {
        source: { name: 'default', schema: 'public', table: 'customers' },
        primary_key: ['id'],
        proof: { level: 'columns', rows: 1000, columns: { id: { values: '1000', min: '1', max: '1000' } } },
        columns: [
          { id: 1, name: 'id', type: 'INTEGER', nullable: false, source_type: 'integer' },
          { name: 'email', type: 'VARCHAR', nullable: true, source_type: 'text' },
          { name: 'paid', type: 'DECIMAL(10,2)', nullable: true, source_type: 'numeric(10,2)' },
          { name: 'seen', type: 'TIMESTAMP WITH TIME ZONE', nullable: true, source_type: 'timestamp with time zone' },
        ],
      },
    },
  })
  const snapshots = new Set(Object.values(state.tables).map((table) => table.snapshot.id))
  expect(snapshots.size).toBe(1)
  const [footer] = await duckdb(
    `SELECT decode(value) FROM parquet_kv_metadata('${house.path}/customers/2026/02/18.parquet')`,
  )
  expect(JSON.parse(footer?.[0] as string)).toMatchObject({
    name: 'customers',
    run_id: report.runId,
    current: ['billing.invoices', 'customers', 'nothing', 'totals'],
    identity: { kind: 'postgres', database: database.name },
  })
  expect(await readRunRecords(house.store)).toEqual([report.record])
  expect((await keys(house.store, '')).filter((key) => !key.startsWith('_dwh/'))).toEqual([
    'billing.invoices/2026/02/18.parquet',
    'customers/2026/02/18.parquet',
    'etl.json',
    'nothing/2026/02/18.parquet',
    'totals/2026/02/18.parquet',
  ])
  expect((await readdir(house.temp)).filter((name) => name.startsWith('dwh-run-'))).toEqual([])
  expect(events.filter((event) => event.type === 'table-end')).toHaveLength(4)
  expect(events.at(0)).toEqual({ type: 'detect', tables: 4 })
  expect(events.at(1)).toMatchObject({ type: 'run-start', runId: report.runId })
  expect(events.at(-1)).toEqual({ type: 'commit', runId: report.runId, tables: 4 })
})

test('plan: equals what the run then does, and changes nothing', async () => {
  const database = await testDatabase('CREATE TABLE a (id int); CREATE VIEW v AS SELECT * FROM a')
  const house = await warehouse(database)
  const plan = await planPipeline(house.options)
  expect(await readdir(house.path)).toEqual([])
  const steps = ({ tables, ...others }: RunPlan) => ({
    ...others,
    // what is recorded of a snapshot is another for each
    tables: tables.map(({ step, ...table }) => ({ ...table, step: { ...step, state: null } })),
  })
  expect(steps((await house.run()).plan)).toEqual(steps(plan))
})

test('settings: new name, excluded and renamed columns, condition, view by name', async () => {
  const database = await testDatabase(`
    CREATE TABLE orders AS SELECT i AS id, 'x' AS secret, i % 3 AS status FROM generate_series(1, 30) i;
    CREATE VIEW v AS SELECT 1 AS one; CREATE TABLE tmp_a (i int)`)
  const settings: SelectionSettings = {
    include: ['*', 'v'],
    exclude: ['tmp_*'],
    tables: {
      orders: {
        name: 'sales.orders',
        where: 'status = 1',
        columns: { exclude: ['secret'], rename: { status: 'state' } },
      },
    },
  }
  const house = await warehouse(database, settings)
  await house.run()
  expect(Object.keys((await readState(house.store)).state.tables)).toEqual(['sales.orders', 'v'])
  expect(await ask(house, 'sales.orders', 'SELECT count(*)::INT, min(state)::INT, max(state)::INT FROM t')).toEqual([
    [10, 1, 1],
  ])
  expect(await ask(house, 'sales.orders', 'SELECT column_name FROM (DESCRIBE t)')).toEqual([['id'], ['state']])
})

test('hostile names: each in its own folder', async () => {
  const long = 'ü'.repeat(31)
  const hostile = [
    '../../etc/x',
    'a*b',
    '[x]',
    'quo"te',
    '_dwh',
    '🦆',
    'a.b',
    "it's",
    '$1',
    '\\',
    'etl.json',
    '__proto__',
    'constructor',
    'select',
    ' ',
    '%',
    'x\ny',
  ]
  const quote = (name: string) => `"${name.replaceAll('"', '""')}"`
  const database = await testDatabase(`
    ${hostile.map((name, i) => `CREATE TABLE ${quote(name)} AS SELECT ${i} AS "select", 'f' AS filename, 'd' AS snapshot_date, 1 AS ${quote(name === 'select' ? 'x' : name)}`).join('; ')};
    CREATE SCHEMA ${quote(long)}; CREATE TABLE ${quote(long)}.${quote(`${long}`)} AS SELECT 99 AS "select"`)
  const house = await warehouse(database)
  const report = await house.run()
  const { state } = await readState(house.store)
  expect(Object.keys(state.tables)).toHaveLength(hostile.length + 1)
  const found = new Set<unknown>()
  for (const name of Object.keys(state.tables))
    found.add((await ask(house, name, 'SELECT "select"::INT FROM t'))[0]?.[0])
  expect([...found].sort((a, b) => Number(a) - Number(b))).toEqual([...hostile.keys(), 99])
  expect(Object.keys(report.record.tables)).toHaveLength(hostile.length + 1)
  const folders = (await readdir(house.path)).filter((name) => !['_dwh', 'etl.json'].includes(name))
  expect(folders).toHaveLength(hostile.length + 1)
  // a second run replaces the same day
  await house.run()
  expect(Object.keys((await readState(house.store)).state.tables)).toHaveLength(hostile.length + 1)
})

test('1,600 columns, row larger than the first buffer: written', async () => {
  const wide = Array.from({ length: 1600 }, (_, i) => `c${i} int`)
  const database = await testDatabase(`
    CREATE TABLE wide (${wide.join(', ')}); INSERT INTO wide (c0, c1599) VALUES (1, 2);
    CREATE TABLE big AS SELECT repeat('x', 3000000) AS t UNION ALL SELECT 'small'`)
  const house = await warehouse(database)
  await house.run()
  expect(await ask(house, 'wide', 'SELECT c0, c1, c1599 FROM t')).toEqual([[1, null, 2]])
  expect(await ask(house, 'big', 'SELECT sum(length(t))::INT FROM t')).toEqual([[3000005]])
})

test('two days, then one again: replaced only with --replace', async () => {
  const database = await testDatabase('CREATE TABLE customers AS SELECT i AS id FROM generate_series(1, 5) i')
  const house = await warehouse(database)
  await house.run({ date: '2026-02-17' })
  await database.query('INSERT INTO customers VALUES (6)')
  await house.run()
  expect(await ask(house, 'customers', 'SELECT count(*)::INT FROM t')).toEqual([[6]])
  await database.query('DELETE FROM customers WHERE id < 3')
  await house.run()
  expect(await ask(house, 'customers', 'SELECT count(*)::INT FROM t')).toEqual([[4]])
  await expect(house.run({ date: '2026-02-17' })).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    hint: expect.stringContaining('--replace'),
  })
  expect(await keys(house.store, 'customers/')).toEqual([
    'customers/2026/02/17.parquet',
    'customers/2026/02/18.parquet',
  ])
  expect((await readState(house.store)).state.last_failure).toBeNull()
})

test('removed and new tables: current tables follow the source', async () => {
  const database = await testDatabase('CREATE TABLE a (i int); CREATE TABLE b (i int)')
  const house = await warehouse(database)
  await house.run({ date: '2026-02-17' })
  await database.query('DROP TABLE b; CREATE TABLE c (i int)')
  const { plan } = await house.run()
  expect(plan.dropped).toEqual(['b'])
  const { state } = await readState(house.store)
  expect(Object.keys(state.tables)).toEqual(['a', 'c'])
  expect(Object.keys((await readManifest(house.store, state, '2026-02-17'))?.tables ?? {})).toEqual(['a', 'b'])
})

test('second source (an async generator): published in the same commit', async () => {
  const database = await testDatabase('CREATE TABLE customers AS SELECT 1 AS id')
  const rates: Source = {
    async open() {
      const columns = [
        { name: 'day', type: 'DATE' as const, nullable: false },
        { name: 'rate', type: 'DECIMAL(10,4)' as const },
        { name: 'meta', type: 'JSON' as const },
      ]
      async function* rows() {
        for (let month = 1; month <= 12; month += 1) {
          yield [[new Date(Date.UTC(2026, month - 1, 1)), `1.0${String(month).padStart(2, '0')}`, { month }]]
        }
      }
      return {
        info: { source: { kind: 'rates' }, id: null, position: null, takenAt: '2026-02-18T03:00:00Z' },
        parallel: 1,
        tables: async () => [{ schema: 'public', name: 'rates', columns, primaryKey: ['day'] }],
        read: () => ({ rows: rows() }),
        close: async () => {},
      }
    },
  }
  const house = await warehouse(database)
  const report = await house.run({ sources: { ...house.options.sources, bank: { source: rates } } })
  const { state } = await readState(house.store)
  expect(Object.entries(state.tables).map(([name, table]) => [name, table.source.name, table.run_id])).toEqual([
    ['customers', 'default', report.runId],
    ['rates', 'bank', report.runId],
  ])
  expect(
    await ask(
      house,
      'rates',
      `SELECT count(*)::INT, max(day)::VARCHAR, sum(rate)::VARCHAR, sum((meta->>'month')::INT)::INT FROM t`,
    ),
  ).toEqual([[12, '2026-12-01', '12.0780', 78]])
  expect(state.sources).toMatchObject({ default: { kind: 'postgres' }, bank: { kind: 'rates' } })
})

describe('errors after the commit', () => {
  test('observer throws, source cannot be closed: the run still succeeds', async () => {
    const database = await testDatabase('CREATE TABLE a AS SELECT 1 AS i')
    const house = await warehouse(database)
    const { source } = house.options.sources.default as { source: Source }
    const broken: Source = {
      open: async (signal) => {
        const snapshot = await source.open(signal)
        const close = async () => {
          await snapshot.close()
          throw new Error('logout failed')
        }
        return { ...snapshot, close }
      },
    }
    const events: string[] = []
    const onEvent = ({ type }: RunEvent) => void events.push(type)
    const report = await house.run({ sources: { default: { source: broken } }, onEvent })
    expect(events).toContain('commit')
    expect(report).toMatchObject({ unfinished: new Error('logout failed'), record: { status: 'success' } })
    const observed = await house.run({
      onEvent: ({ type }) => {
        if (type === 'commit') throw new Error('observer')
      },
    })
    expect(observed).toMatchObject({ unfinished: new Error('observer'), record: { status: 'success' } })
    expect((await readState(house.store)).state).toMatchObject({ status: 'success', last_failure: null })
  })
})

test('run over midnight: one day', async () => {
  const database = await testDatabase('CREATE TABLE a AS SELECT 1 AS i')
  const house = await warehouse(database)
  let now = Date.parse('2026-02-18T23:59:59.900Z')
  const clock = () => {
    now += 50
    return new Date(now)
  }
  const { record, plan } = await house.run({ clock })
  expect([record.date, plan.date]).toEqual(['2026-02-18', '2026-02-18'])
  expect(await keys(house.store, 'a/')).toEqual(['a/2026/02/18.parquet'])
})

describe('failed run', () => {
  async function good(): Promise<{ database: TestDatabase; house: Warehouse; before: unknown }> {
    const database = await testDatabase(`
      CREATE TABLE a AS SELECT i, repeat('x', 500) AS t FROM generate_series(1, 20000) i; CREATE TABLE b AS SELECT 1 AS i; CREATE TABLE c (n numeric(10,2))`)
    const house = await warehouse(database)
    await house.run({ date: '2026-02-17' })
    return { database, house, before: (await readState(house.store)).state }
  }

  async function unchanged(house: Warehouse, before: unknown): Promise<void> {
    const { last_failure, ...state } = (await readState(house.store)).state
    expect({ ...state, last_failure: null }).toEqual(before)
    expect(last_failure).not.toBeNull()
    expect(await keys(house.store, '_dwh/stage/')).toEqual([])
    for (const table of ['a', 'b', 'c'])
      expect(await keys(house.store, `${table}/`)).toEqual([`${table}/2026/02/17.parquet`])
    expect((await readdir(house.temp)).filter((name) => name.startsWith('dwh-run-'))).toEqual([])
  }

  test('one table of three fails: nothing is published, the others are reported, the last good state stays', async () => {
    const { database, house, before } = await good()
    await database.query(`INSERT INTO c VALUES (1), ('NaN')`)
    const events: RunEvent[] = []
    const onEvent = (event: RunEvent) => events.push(event)
    await expect(house.run({ onEvent, fullRefresh: true })).rejects.toMatchObject({
      code: 'RUN_FAILED',
      message: 'c: column n: "NaN" is not a value of DECIMAL(10,2)',
      context: { tables: ['c'] },
    })
    await unchanged(house, before)
    expect(events.filter((event) => event.type === 'table-end')).toHaveLength(2)
    expect((await readState(house.store)).state.last_failure).toMatchObject({ code: 'RUN_FAILED', tables: ['c'] })
    const record = (await readRunRecords(house.store)).find((r) => r.status === 'failed')
    expect(record).toMatchObject({
      status: 'failed',
      tables: { a: { status: 'written', rows: 20000 }, c: { status: 'failed', code: 'VALUE_REFUSED' } },
    })
    await database.query(`DELETE FROM c`)
    await house.run()
    expect((await readState(house.store)).state.last_failure).toBeNull()
  })

  test('backend killed midway: the run fails', async () => {
    const { database, house, before } = await good()
    await database.query(`INSERT INTO a SELECT i, repeat('x', 500) FROM generate_series(1, 300000) i`)
    let killed = false
    const onEvent = (event: RunEvent) => {
      if (event.type !== 'table-progress' || event.table !== 'a' || killed) return
      killed = true
      void database.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%"a"%' AND application_name = 'dwh' AND datname = current_database()`,
      )
    }
    await expect(house.run({ onEvent })).rejects.toMatchObject({
      code: 'RUN_FAILED',
      message: expect.stringMatching(/^a, after \d+ bytes: /),
    })
    await unchanged(house, before)
  })

  test.each([
    ['another digit', '1234', '1235', /column n: sum 1234567, 1235567 in the file/],
    ['another length (same length is not detected)', 'Zürich', 'Zurich', /column t: bytes 11, 10 in the file/],
    ['a text changed to null', 'Bern', '\\N', /column t: values 2, 1 in the file.*bytes 11, 7/],
    ['a timestamp with fewer digits', '.123456', '.123', /column at: max .* in the file/],
    ['infinity changed to a date', 'infinity', '9999-12-31', /column d: infinite 1, 0 in the file/],
    ['a boolean', '\tt\t', '\tf\t', /column b: true 1, 0 in the file/],
  ])('data differs from Postgres, %s: refused, and nothing is published', async (_, from, to, message) => {
    const { database, house, before } = await good()
    await database.query(`CREATE TABLE d (n int, b bool, t text, at timestamp, d date);
      INSERT INTO d VALUES (1234567, true, 'Zürich', '2026-02-18 03:00:00.123456', 'infinity'), (0, false, 'Bern', NULL, NULL)`)
    const { source } = house.options.sources.default as { source: Source }
    const corrupted = corrupting(source, (text) => text.replaceAll(from, to))
    const only = ['d']
    await expect(house.run({ only, sources: { default: { source: corrupted } } })).rejects.toMatchObject({
      code: 'RUN_FAILED',
      message: expect.stringMatching(message),
    })
    await unchanged(house, before)
    // a count of the rows does not detect the change
    const counted = await house.run({ only, sources: { default: { source: corrupted, verify: 'counts' } } })
    expect(counted.state.tables.d?.proof).toEqual({ level: 'counts', rows: 2 })
  })

  test('two values swapped, sums unchanged: detected by proof level hash', async () => {
    const { database, house, before } = await good()
    await database.query(`CREATE TABLE d (n int, t text); INSERT INTO d VALUES (1, 'one'), (2, 'two')`)
    const { source } = house.options.sources.default as { source: Source }
    const swapped = corrupting(source, (text) => text.replace('one', '___').replace('two', 'one').replace('___', 'two'))
    const only = ['d']
    await expect(house.run({ only, sources: { default: { source: swapped, verify: 'hash' } } })).rejects.toMatchObject({
      message: expect.stringMatching(/the hashes of all rows differ$/),
    })
    await unchanged(house, before)
    const measured = await house.run({ only, sources: { default: { source: swapped, verify: 'columns' } } })
    expect(measured.state.tables.d?.proof.level).toBe('columns')
    const hashed = await house.run({ only, sources: { default: { source, verify: 'hash' } } })
    expect(hashed.state.tables.d?.proof).toMatchObject({
      level: 'hash',
      rows: 2,
      hash: expect.stringMatching(/^\d+-\d+$/),
    })
  })

  test('abort by signal: ABORTED', async () => {
    const { house, before } = await good()
    const controller = new AbortController()
    const onEvent = (event: RunEvent) => {
      if (event.type === 'table-progress') controller.abort()
    }
    const run = house.run({ onEvent, signal: controller.signal, fullRefresh: true })
    await expect(run).rejects.toMatchObject({ code: 'ABORTED' })
    await unchanged(house, before)
  })

  test('source unreachable: recorded like any failure', async () => {
    const { house, before } = await good()
    const source = postgresSource({ connection: 'postgres://u:s3cret@127.0.0.1:1/x' })
    await expect(house.run({ sources: { default: { source } } })).rejects.toMatchObject({ code: 'SOURCE_UNREACHABLE' })
    await unchanged(house, before)
    expect(JSON.stringify((await readState(house.store)).state)).not.toContain('s3cret')
  })

  test('ifLastRun: refused if another run was published', async () => {
    const house = await warehouse(await testDatabase('CREATE TABLE t AS SELECT 1 AS n'))
    const conflict = { code: 'CONFLICT', hint: expect.stringContaining('still wanted') }
    await expect(house.run({ ifLastRun: '20260217T030000Z-00000000' })).rejects.toMatchObject(conflict)
    const { runId } = await house.run({ ifLastRun: null })
    await expect(house.run({ ifLastRun: null })).rejects.toMatchObject(conflict)
    expect((await house.run({ ifLastRun: runId })).record.status).toBe('success')
    const { state } = await readState(house.store)
    expect(state.last_failure).toBeNull()
    // nothing was read, so there are no events
    expect(await readRunRecords(house.store, 10)).toHaveLength(2)
  })

  test('two runs at once: one is published, the other gets CONFLICT', async () => {
    const { house } = await good()
    const results = await Promise.allSettled([house.run(), house.run()])
    expect(results.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected'])
    const loser = results.find((result) => result.status === 'rejected')
    expect(loser?.reason).toMatchObject({ code: 'CONFLICT' })
    const winner = results.find((result) => result.status === 'fulfilled')
    const { state } = await readState(house.store)
    expect(state).toMatchObject({ run_id: winner?.value.runId, last_failure: null, copies_pending: [] })
    expect(
      (await keys(house.store, '_dwh/parts/'))
        .filter((key) => key.includes('/2026/02/18-'))
        .filter((key) => !key.includes(state.run_id ?? '-')),
    ).toEqual([])
    expect(await ask(house, 'a', 'SELECT count(*)::INT FROM t')).toEqual([[20000]])
  })
})

describe('statement waits for a table that is being read', () => {
  /** Makes every read slow, but not endless: a second read takes as long as the first. */
  const where = 'pg_sleep(0.01) IS NOT NULL'

  async function runWhile(
    statement: string,
  ): Promise<{ house: Warehouse; run: Promise<RunReport>; events: RunEvent[] }> {
    const database = await testDatabase(
      'CREATE TABLE a AS SELECT i FROM generate_series(1, 150) i; CREATE TABLE b (i int)',
    )
    const house = await warehouse(database, { tables: { a: { where } } })
    const events: RunEvent[] = []
    const run = house.run({ onEvent: (event) => events.push(event) })
    run.catch(() => {})
    const reading = `SELECT FROM pg_stat_activity WHERE application_name = 'dwh' AND query LIKE '%pg_sleep%' AND datname = current_database()`
    await expect.poll(async () => (await database.query(reading)).rows.length).toBe(1)
    await database.query(statement)
    return { house, run, events }
  }

  test('table unchanged: read again at the same snapshot', async () => {
    const { house, run, events } = await runWhile('ALTER TABLE a ADD COLUMN later int; INSERT INTO a VALUES (0, 0)')
    await run
    expect(await ask(house, 'a', 'SELECT count(*)::INT, min(i)::INT FROM t')).toEqual([[150, 1]])
    expect(events.filter(({ type }) => type === 'table-retry')).toEqual([
      {
        type: 'table-retry',
        table: 'a',
        message: expect.stringMatching(/^a: stopped reading so that ALTER TABLE \(pid/),
      },
    ])
  })

  test('table changed: the run fails and names it', async () => {
    const { run, events } = await runWhile('TRUNCATE a')
    await expect(run).rejects.toMatchObject({ code: 'RUN_FAILED', message: expect.stringMatching(/^a: .*truncated/) })
    expect(events.filter(({ type }) => type === 'table-retry')).toHaveLength(1)
  })
})

test('snapshot limit reached after all tables were read: published, and no session was held meanwhile', async () => {
  const database = await testDatabase('CREATE TABLE a AS SELECT 1 AS i')
  const house = await warehouse(database)
  const ours = `SELECT FROM pg_stat_activity WHERE application_name = 'dwh' AND datname = current_database()`
  const store: ObjectStore = {
    ...house.store,
    async put(key, body, condition) {
      await expect.poll(async () => (await database.query(ours)).rows.length).toBe(0)
      return house.store.put(key, body, condition)
    },
  }
  const source = postgresSource({ connection: database.url, maxSnapshotAgeMs: 3_000 })
  const report = await house.run({ store, sources: { default: { source } } })
  expect(report).toMatchObject({ record: { status: 'success' }, unfinished: null })
})

describe('on_table_error: keep-previous', () => {
  const onTableError = 'keep-previous'

  /** Makes a warehouse with a run of yesterday; from now on `c` and a new table `d` fail. */
  async function shop(): Promise<{ database: TestDatabase; house: Warehouse; yesterday: string }> {
    const database = await testDatabase(
      'CREATE TABLE a AS SELECT 1 AS i; CREATE TABLE b AS SELECT 1 AS i; CREATE TABLE c AS SELECT 1::numeric(10,2) AS n',
    )
    const house = await warehouse(database)
    const { runId } = await house.run({ date: '2026-02-17' })
    await database.query(`INSERT INTO a VALUES (2); INSERT INTO c VALUES ('NaN'); CREATE TABLE d AS SELECT * FROM c`)
    return { database, house, yesterday: runId }
  }

  const runs = (tables: EtlState['tables']) => Object.entries(tables).map(([name, { run_id }]) => [name, run_id])

  test('some tables fail: the others are published, the failed ones keep their previous version, with the reason', async () => {
    const { database, house, yesterday } = await shop()
    await database.query('DROP TABLE b')
    const { runId, record, plan } = await house.run({ onTableError })
    expect(plan.dropped).toEqual(['b'])
    const why = {
      code: 'VALUE_REFUSED',
      message: expect.stringMatching(/^[cd]: column n: "NaN"/),
      hint: expect.anything(),
    }
    expect(record).toMatchObject({
      status: 'partial',
      error: null,
      tables: { a: { status: 'written', rows: 2 }, c: { status: 'failed', ...why }, d: { status: 'failed', ...why } },
    })
    expect(await readRunRecords(house.store)).toContainEqual(record)
    const { state } = await readState(house.store)
    expect(runs(state.tables)).toEqual([
      ['a', runId],
      ['c', yesterday],
    ])
    const failed = { run_id: runId, at: '2026-02-18T03:00:00.000Z', ...why }
    expect(state).toMatchObject({ status: 'partial', last_failure: null, counts: { a: 2, c: 1 } })
    expect(state.failed_tables).toEqual({ c: failed, d: failed })
    expect(await ask(house, 'c', 'SELECT n::VARCHAR FROM t')).toEqual([['1.00']])
    expect(runs((await readManifest(house.store, state, '2026-02-18'))?.tables ?? {})).toEqual([['a', runId]])
    expect(await keys(house.store, '_dwh/stage/')).toEqual([])
    await database.query(`DELETE FROM c WHERE n = 'NaN'; DELETE FROM d WHERE n = 'NaN'`)
    expect((await house.run({ onTableError })).state).toMatchObject({ status: 'success', failed_tables: {} })
  })

  test('replaced day: keeps its files of the failed tables', async () => {
    const { house, yesterday } = await shop()
    const { runId, state } = await house.run({ onTableError, date: '2026-02-17', replace: true })
    expect(runs((await readManifest(house.store, state, '2026-02-17'))?.tables ?? {})).toEqual([
      ['a', runId],
      ['b', runId],
      ['c', yesterday],
    ])
    expect(await ask(house, 'c', 'SELECT n::VARCHAR FROM t')).toEqual([['1.00']])
  })

  test('all tables fail, or planning fails: nothing is published', async () => {
    const { house } = await shop()
    const { state } = await readState(house.store)
    await expect(house.run({ onTableError, only: ['c', 'd'] })).rejects.toMatchObject({
      code: 'RUN_FAILED',
      context: { tables: ['c', 'd'] },
    })
    await expect(house.run({ onTableError, only: ['e'] })).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
    const { last_failure, ...after } = (await readState(house.store)).state
    expect(after).toEqual({ ...state, last_failure: undefined })
    expect(last_failure).toMatchObject({ code: 'RUN_FAILED', tables: ['c', 'd'] })
  })

  test('previous version from another database: nothing is published', async () => {
    const { house } = await shop()
    const { state } = await readState(house.store)
    const other = await testDatabase(`CREATE TABLE a AS SELECT 1 AS i; CREATE TABLE b AS SELECT 1 AS i;
      CREATE TABLE c AS SELECT 'NaN'::numeric(10,2) AS n`)
    const sources = { default: { source: postgresSource({ connection: other.url }) } }
    await expect(house.run({ onTableError, sources, acceptNewSource: true })).rejects.toMatchObject({
      code: 'RUN_FAILED',
      hint: expect.stringMatching(/^Nothing was published: the previous version of c is from another database/),
    })
    expect((await readState(house.store)).state.tables).toEqual(state.tables)
  })
})

test('ten runs during transfers between two tables: the sum never changes', async () => {
  const database = await testDatabase(
    'CREATE TABLE left_pocket AS SELECT 1000 AS n; CREATE TABLE right_pocket AS SELECT 1000 AS n',
  )
  const house = await warehouse(database)
  let moving = true
  let moves = 0
  const mover = (async () => {
    while (moving) {
      const amount = 1 + (moves % 7)
      await database.query(
        `BEGIN; UPDATE left_pocket SET n = n - ${amount}; UPDATE right_pocket SET n = n + ${amount}; COMMIT`,
      )
      moves += 1
    }
  })()
  const sums = new Set<number>()
  const lefts = new Set<number>()
  for (let i = 0; i < 10; i += 1) {
    await house.run()
    const [left] = await ask(house, 'left_pocket', 'SELECT n::INT FROM t')
    const [right] = await ask(house, 'right_pocket', 'SELECT n::INT FROM t')
    lefts.add(Number(left?.[0]))
    sums.add(Number(left?.[0]) + Number(right?.[0]))
  }
  moving = false
  await mover
  expect([...sums]).toEqual([2000])
  expect(lefts.size).toBeGreaterThan(3)
  expect(moves).toBeGreaterThan(10)
})

test('columns renamed, added, dropped and added again, one widened: ids in entries and files, none used twice', async () => {
  const database = await testDatabase('CREATE TABLE a AS SELECT 1 AS id, ARRAY[1] AS l, 2 AS old, 3 AS gone')
  const house = await warehouse(database)
  const idsOf = async () => {
    await house.run({ replace: true })
    const { state } = await readState(house.store)
    const { columns = [], files = [] } = state.tables.a ?? {}
    const inFile = await duckdb(
      `SELECT name, field_id::INTEGER FROM parquet_schema('${house.path}/${files[0]?.key}') WHERE field_id IS NOT NULL`,
    )
    const entries = columns.flatMap(({ name, id, element_id }) => [
      [name, id],
      ...(element_id === undefined ? [] : [['element', element_id]]),
    ])
    expect(inFile).toEqual(entries)
    return Object.fromEntries(entries)
  }
  expect(await idsOf()).toEqual({ id: 1, l: 2, element: 3, old: 4, gone: 5 })
  await database.query('ALTER TABLE a RENAME old TO new; ALTER TABLE a DROP gone; ALTER TABLE a ALTER id TYPE bigint')
  expect(await idsOf()).toEqual({ id: 1, l: 2, element: 3, new: 6 })
  await database.query('ALTER TABLE a ADD gone int; ALTER TABLE a ALTER id TYPE text')
  expect(await idsOf()).toEqual({ id: 7, l: 2, element: 3, new: 6, gone: 8 })
})

test('store that is a class instance: two runs on the same day succeed', async () => {
  const house = await warehouse(await testDatabase('CREATE TABLE a AS SELECT 1 AS id'))
  const store = new ClassStore(house.store)
  expect((await house.run({ store })).state).toMatchObject({ status: 'success', conditional_writes: true })
  expect((await house.run({ store, replace: true })).unfinished).toBeNull()
  expect(await ask(house, 'a', 'SELECT * FROM t')).toEqual([[1]])
})

test('answer to the commit uncertain and lease lost: reported as uncertain, nothing removed', async () => {
  const house = await warehouse(await testDatabase('CREATE TABLE a AS SELECT 1 AS id'))
  let now = Date.now()
  const silent: ObjectStore = {
    ...house.store,
    async put(key, body, condition) {
      if (key !== STATE_KEY || !Buffer.from(body).includes('"status": "success"'))
        return house.store.put(key, body, condition)
      now += 60_000
      throw new DwhError('STORE_UNREACHABLE', 'no answer')
    },
  }
  const run = house.run({ store: silent, clock: () => new Date(now), leaseTtlMs: 60_000 })
  await expect(run).rejects.toMatchObject({ code: 'STORE_FAILED', context: { uncertain: true } })
  for (const prefix of ['_dwh/parts/', '_dwh/days/', '_dwh/index/'])
    expect(await keys(house.store, prefix)).toHaveLength(1)
})
