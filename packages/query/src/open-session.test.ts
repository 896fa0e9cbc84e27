import { appendFile, link, mkdir, open, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { formatTableName, parseTableName, type TableEntry } from '@dwh/core'
import { temporaryFolder } from '@dwh/test-kit'
import { describe, expect, test } from 'vitest'
import { localFiles, type VerifiedFiles, verifiedInFolder, viewsSql } from './index.ts'
import { ask, duckdb, quoteIdentifier, type TestWarehouse, testWarehouse } from './test-support.ts'

const LONG = 'ü'.repeat(31)
const HOSTILE = [
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
  'main',
  'memory',
]

describe('a view for each table', () => {
  test('schema public: omitted; other schemas: required; case: ignored', async () => {
    const house = await testWarehouse()
    await house.write({ name: 'customers' }, 'SELECT 1 AS id, 10 AS plan')
    await house.write({ schema: 'billing', name: 'Invoices' }, 'SELECT 1 AS customer_id, 9.90::DECIMAL(10,2) AS amount')
    const session = await house.open()
    expect(
      await ask(session, 'SELECT c.id, i.amount FROM Customers c JOIN billing.invoices i ON i.customer_id = c.id'),
    ).toEqual([['1', '9.90']])
    expect(await ask(session, 'FROM public.customers')).toEqual([['1', '10']])
    expect(await ask(session, 'FROM memory."public"."customers"')).toEqual([['1', '10']])
    expect(await ask(session, 'USE billing; SELECT amount FROM invoices, public.customers')).toEqual([['9.90']])
  })

  test('schema public: each table is listed once, as public.name', async () => {
    const house = await testWarehouse()
    await house.write({ name: 'customers' }, 'SELECT 1 AS id')
    await house.write({ schema: 'billing', name: 'invoices' }, 'SELECT 2 AS id')
    const session = await house.open()
    expect(await ask(session, 'SHOW TABLES')).toEqual([['customers']])
    expect(await ask(session, 'SELECT schema, name FROM (SHOW ALL TABLES) ORDER BY ALL')).toEqual([
      ['billing', 'invoices'],
      ['public', 'customers'],
    ])
    const found = (await session.suggest('FROM cust')).filter(({ text }) => text.startsWith('cust'))
    expect(found).toEqual([{ text: 'customers', start: 5 }])
    await session.queryAll('CREATE TABLE mine AS FROM public.customers')
    expect(await ask(session, 'FROM public.mine')).toEqual([['1']])
    expect(await ask(await (await testWarehouse()).open(), 'SHOW TABLES')).toEqual([])
  })

  test('schemas public and Public, or main: each name is the table of its own schema', async () => {
    const house = await testWarehouse()
    const before = await house.open()
    await house.write({ name: 'orders' }, 'SELECT 1 AS id')
    await house.write({ schema: 'main', name: 'orders' }, 'SELECT 2 AS id')
    const withMain = await house.open()
    expect(await ask(withMain, 'FROM orders')).toEqual([['1']])
    expect(await ask(withMain, 'FROM public.orders')).toEqual([['1']])
    expect(await ask(withMain, 'FROM main.orders')).toEqual([['2']])
    const { 'main.orders': _, ...tables } = house.state.tables
    house.state = { ...house.state, tables }
    await house.write({ schema: 'Public', name: 'orders' }, 'SELECT 3 AS id')
    for (const session of [await house.open(), before]) {
      await session.show(house.state.tables)
      expect(await ask(session, 'FROM orders')).toEqual([['1']])
      expect(await ask(session, 'FROM main.orders')).toEqual([['1']])
      expect(await ask(session, 'FROM "Public".orders')).toEqual([['3']])
      await session.show({ orders: tables.orders as TableEntry })
      expect(await ask(session, 'FROM orders')).toEqual([['1']])
      expect(await ask(session, 'FROM public.orders')).toEqual([['1']])
    }
  })

  test('hostile names of schemas, tables and columns: readable', async () => {
    const house = await testWarehouse()
    for (const [i, name] of HOSTILE.entries()) {
      const columns = ['select', 'filename', 'snapshot_date', 'file_row_number'].filter((c) => c !== name)
      const select = `SELECT ${i} AS ${quoteIdentifier(name)}, ${columns.map((c, j) => `${j} AS ${quoteIdentifier(c)}`).join(', ')}`
      await house.write({ name }, select)
      if (name !== 'main') await house.write({ schema: name, name: LONG }, `SELECT ${i} AS ${quoteIdentifier(name)}`)
    }
    await house.write({ schema: LONG, name: LONG }, 'SELECT 99 AS x')
    const session = await house.open()
    for (const [i, name] of HOSTILE.entries()) {
      expect(await ask(session, `SELECT ${quoteIdentifier(name)} FROM memory.public.${quoteIdentifier(name)}`)).toEqual(
        [[String(i)]],
      )
      if (name !== 'main')
        expect(await ask(session, `FROM memory.${quoteIdentifier(name)}.${quoteIdentifier(LONG)}`)).toEqual([
          [String(i)],
        ])
    }
    expect(await ask(session, `SELECT filename, snapshot_date FROM "a*b"`)).toEqual([['1', '2']])
    expect(await ask(session, `FROM ${quoteIdentifier(LONG)}.${quoteIdentifier(LONG)}`)).toEqual([['99']])
  })

  test('a path with globs, quotes, blanks and an equals sign: readable', async () => {
    const house = await testWarehouse("it's [a] * {b,c} env=prod")
    await house.write({ name: 't' }, 'SELECT 7 AS x')
    expect(await ask(await house.open(), 'FROM t')).toEqual([['7']])
    const sql = viewsSql(house.state.tables, (key) => join(house.root, key))
    expect(await duckdb(sql, 'FROM t')).toEqual([[7]])
  })

  test('1,600 columns, no rows, 300 tables', async () => {
    const house = await testWarehouse()
    await house.write({ name: 'wide' }, `SELECT ${Array.from({ length: 1600 }, (_, i) => `${i} AS c${i}`).join(', ')}`)
    await house.write({ name: 'none' }, `SELECT 1 AS id, 'x' AS t WHERE false`)
    const one = await house.write({ name: 't' }, 'SELECT 1 AS n')
    const many = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`t${i}`, one]))
    house.state = { ...house.state, tables: { ...house.state.tables, ...many } }
    const session = await house.open()
    expect(await ask(session, 'SELECT c0 + c1599 FROM wide')).toEqual([['1599']])
    expect(await ask(session, 'SELECT count(*), max(t) FROM none')).toEqual([['0', null]])
    expect(await ask(session, 'SELECT count(*) FROM (SHOW TABLES)')).toEqual([['303']])
    await session.load()
    expect(await ask(session, 'SELECT t0.n + t299.n FROM t0, t299')).toEqual([['2']])
  })

  test('the SQL of the views: works in any DuckDB', async () => {
    const house = await testWarehouse()
    await house.write({ name: 'quo"te' }, 'SELECT 1 AS "a""b"')
    await house.write({ schema: 'billing', name: "it's" }, 'SELECT 2 AS x')
    const sql = viewsSql(house.state.tables, (key) => join(house.root, key))
    expect(await duckdb(sql, sql, `SELECT "a""b" + x FROM "quo""te", billing."it's"`)).toEqual([[3]])
  })
})

describe('only the tables that a statement names are opened', () => {
  async function withUnreadable(): Promise<TestWarehouse> {
    const house = await testWarehouse()
    await house.write({ name: 'good' }, 'SELECT 1 AS id, 2 AS n')
    const bad = await house.write({ name: 'bad' }, 'SELECT 1 AS id')
    await rm(join(house.root, bad.files[0]?.key ?? ''))
    return house
  }

  test.each([
    'SELECT 1',
    'FROM good',
    'SHOW TABLES',
    'SELECT table_name FROM information_schema.tables',
    'SET threads = 2',
    `SELECT 'bad'`,
    'WITH bad AS (SELECT 1) FROM good',
  ])('%s', async (sql) => {
    const session = await (await withUnreadable()).open()
    if (sql.startsWith('WITH')) await expect(session.queryAll(sql)).resolves.toBeDefined()
    else await session.queryAll(sql)
  })

  test('a table that cannot be read: can be described, and retried', async () => {
    const house = await withUnreadable()
    const key = house.state.tables.bad?.files[0]?.key ?? ''
    const session = await house.open()
    await expect(session.queryAll('FROM bad')).rejects.toMatchObject({
      code: 'DAMAGED',
      message: expect.stringContaining(key),
    })
    const { rows } = (await session.queryAll(
      `SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'bad'`,
    )) ?? { rows: [] }
    expect(rows).toEqual([{ column_name: 'id', data_type: 'INTEGER' }])
    await house.write({ name: 'bad' }, 'SELECT 1 AS id')
    expect(await ask(session, 'FROM bad')).toEqual([['1']])
  })

  const statements = [
    'FROM t',
    'SELECT count(*) FROM t',
    'SELECT * FROM t WHERE id = 5',
    'SELECT EXISTS (FROM t)',
    'SELECT * FROM range(3) r(i) LEFT JOIN t ON i = id',
    'SELECT * FROM range(3) r(i) WHERE i NOT IN (SELECT id FROM t)',
    'SELECT min(id), max(id) FROM t',
    'WITH x AS MATERIALIZED (FROM t) SELECT count(*) FROM x',
    'PIVOT t ON id USING count(*)',
    'UNPIVOT t ON id',
    'SUMMARIZE t',
    'DESCRIBE t',
    'EXPLAIN FROM t',
    'EXPLAIN ANALYZE FROM t',
    'CREATE TABLE c AS FROM t; SELECT count(*) FROM c',
    'CREATE TABLE c (id INTEGER); INSERT INTO c SELECT id FROM t; FROM c',
    'CREATE VIEW v AS FROM t; FROM v',
    'CREATE MACRO m() AS TABLE FROM t; FROM m()',
    'PREPARE p AS FROM t; EXECUTE p',
    `FROM query('SELECT * FROM t')`,
    `FROM query_table('t')`,
    `SELECT (SELECT count(*) FROM query_table('t'))`,
    'FROM t JOIN t AS u USING (id)',
    'SELECT 1; FROM t',
    'FROM t TABLESAMPLE 100%',
    'FROM t LIMIT 0',
    'FROM (FROM t) WHERE false',
  ]

  test.each(statements)('%s: the answer comes from the file', async (sql) => {
    const house = await testWarehouse()
    await house.write({ name: 't' }, 'SELECT i::INTEGER AS id, i % 3 AS m FROM range(10) r(i)')
    const direct = viewsSql(house.state.tables, (key) => join(house.root, key))
    const session = await house.open()
    const answer = await session.queryAll(sql)
    if (sql.startsWith('EXPLAIN')) expect(JSON.stringify(answer?.rows)).not.toContain('not loaded')
    else expect(await ask(session, repeatable(sql))).toEqual(await texts(direct, repeatable(sql)))
  })

  /** Renames the objects in a statement, since `queryAll` above has already created them. */
  function repeatable(sql: string): string {
    return sql.startsWith('CREATE') || sql.startsWith('PREPARE')
      ? sql.replaceAll(/ (c|v|m|p)(?=[ (;]|$)/g, ' again_$1')
      : sql
  }

  async function texts(direct: string, sql: string): Promise<(string | null)[][]> {
    const { DuckDBInstance } = await import('@duckdb/node-api')
    const connection = await (await DuckDBInstance.create(':memory:')).connect()
    await connection.run(direct)
    // not runAndReadAll, which returns the first of several statements
    const result = await connection.stream(sql)
    const { valueText } = await import('./index.ts')
    return (await result.getRows()).map((row) => row.map((value, i) => valueText(value, result.columnType(i))))
  }

  test('a name that is built at run time: found when it is used', async () => {
    const house = await testWarehouse()
    await house.write({ name: 'customers' }, 'SELECT 1 AS id')
    const session = await house.open()
    expect(await ask(session, `FROM query_table('cust' || 'omers')`)).toEqual([['1']])
    expect(await ask(await house.open(), `FROM query('FROM cust' || 'omers')`)).toEqual([['1']])
  })
})

describe('bytes', () => {
  async function damaged(damage: (path: string) => Promise<void>): Promise<unknown> {
    const house = await testWarehouse()
    const entry = await house.write({ name: 't' }, 'SELECT i AS id FROM range(1000) r(i)')
    await damage(join(house.root, entry.files[0]?.key ?? ''))
    return (await house.open()).queryAll('SELECT sum(id) FROM t').catch((error) => error)
  }

  test.each<[string, (path: string) => Promise<void>]>([
    [
      'one bit flipped',
      async (path) => {
        const body = await readFile(path)
        body[200] = (body[200] as number) ^ 1
        await writeFile(path, body)
      },
    ],
    ['cut short', (path) => truncate(path, 100)],
    ['grown', (path) => appendFile(path, 'x')],
    ['missing', (path) => rm(path)],
    [
      'a folder in its place',
      async (path) => {
        await rm(path)
        await mkdir(path)
      },
    ],
  ])('%s: an error, not a wrong answer', async (_, damage) => {
    expect(await damaged(damage)).toMatchObject({
      code: 'DAMAGED',
      message: expect.stringContaining('t/2026/02/18.parquet'),
    })
  })

  test('a file with other columns than in the manifest: DAMAGED', async () => {
    const house = await testWarehouse()
    const entry = await house.write({ name: 't' }, 'SELECT 1 AS id')
    house.state = {
      ...house.state,
      tables: { t: { ...entry, columns: [{ name: 'id', type: 'BIGINT', nullable: true, source_type: null }] } },
    }
    await expect((await house.open()).queryAll('FROM t')).rejects.toMatchObject({
      code: 'DAMAGED',
      message: expect.stringContaining('id INTEGER'),
    })
  })

  test('an open session: the same answer, whatever is renamed over or removed', async () => {
    const house = await testWarehouse()
    const entry = await house.write({ name: 't' }, 'SELECT i AS id FROM range(100000) r(i)')
    const path = join(house.root, entry.files[0]?.key ?? '')
    const session = await house.open()
    expect(await ask(session, 'SELECT count(*) FROM t')).toEqual([['100000']])
    await writeFile(`${path}.new`, 'something else')
    await rename(`${path}.new`, path)
    expect(await ask(session, 'SELECT sum(id) FROM t')).toEqual([['4999950000']])
    await rm(path)
    expect(await ask(session, 'SELECT sum(id) FROM t')).toEqual([['4999950000']])
  })

  test('a warehouse of version 3: files staged, final and retained are found', async () => {
    const house = await testWarehouse()
    const entry = await house.write({ name: 't' }, 'SELECT 1 AS id')
    const { key, sha256 } = entry.files[0] as TableEntry['files'][number]
    const [path, staged, retained] = [key, `_dwh/stage/r9/${key}`, `_dwh/kept/r9/${key}`].map((k) =>
      join(house.root, k),
    ) as [string, string, string]
    for (const place of [staged, retained]) await mkdir(dirname(place), { recursive: true })
    const before = house.state

    await rename(path, staged)
    await writeFile(path, 'yesterday')
    const older = { publishing: { run_id: 'r9', date: '2026-02-18', keys: [key] }, retained: [], pruned: [] }
    house.state = { ...before, older }
    expect(await ask(await house.open(), 'FROM t')).toEqual([['1']])

    // replaced after the session had read its manifest: etl.json tells where the bytes are retained
    const session = await house.open()
    await rename(staged, retained)
    const found = [{ key, sha256, retained_as: `_dwh/kept/r9/${key}`, until: 'x' }]
    house.state = { ...before, older: { publishing: null, retained: found, pruned: [] } }
    expect(await ask(session, 'FROM t')).toEqual([['1']])
  })

  test('a file: hashed once by any number of processes; a restored copy: another file', async () => {
    const house = await testWarehouse()
    const entry = await house.write({ name: 't' }, 'SELECT 1 AS id')
    const file = entry.files[0] as TableEntry['files'][number]
    const path = join(house.root, file.key)
    const folder = join(await temporaryFolder(), 'not', 'there', 'yet')
    let hashed = 0
    const counting = (inner: VerifiedFiles): VerifiedFiles => ({
      has: inner.has,
      add: async (sha256, stats) => {
        hashed += 1
        await inner.add(sha256, stats)
      },
    })
    const look = async () => {
      const files = localFiles({
        store: house.store,
        readState: async () => house.state,
        verified: counting(verifiedInFolder(folder)),
      })
      await (await files.open(file)).close()
    }
    await look()
    await look()
    await link(path, join(house.root, 'kept'))
    await look()
    expect(hashed).toBe(1)
    await writeFile(`${path}.copy`, await readFile(path))
    await rename(`${path}.copy`, path)
    await look()
    expect(hashed).toBe(2)
    // changed in place, with its time restored: counts as the same file, so only `dwh verify` detects the change
    const times = await stat(path)
    const handle = await open(path, 'r+')
    await handle.write('X', 10)
    await handle.utimes(times.atime, new Date(times.mtimeMs + 5))
    await handle.close()
    await expect(look()).rejects.toMatchObject({ code: 'DAMAGED' })
  })

  test('a cache that cannot be written: slower, with the same answer', async () => {
    const house = await testWarehouse()
    const entry = await house.write({ name: 't' }, 'SELECT 1 AS id')
    const blocked = join(await temporaryFolder(), 'file')
    await writeFile(blocked, '')
    const files = localFiles({
      store: house.store,
      readState: async () => house.state,
      verified: verifiedInFolder(join(blocked, 'x')),
    })
    await (await files.open(entry.files[0] as TableEntry['files'][number])).close()
  })
})

describe('statements', () => {
  test('several statements: one result for each that returns rows', async () => {
    const session = await (await testWarehouse()).open()
    const seen: unknown[] = []
    for await (const { columns, rows } of session.query(
      `CREATE TABLE x (n INT); INSERT INTO x VALUES (1), (2); SELECT n FROM x ORDER BY n; SET threads = 2; SELECT 'a' AS a`,
    )) {
      for await (const batch of rows) seen.push([columns.map((column) => column.name), batch])
    }
    expect(seen).toEqual([
      [['n'], [[1], [2]]],
      [['a'], [['a']]],
    ])
    expect(await session.queryAll('SET threads = 2')).toBeNull()
    expect(await session.queryAll('')).toBeNull()
  })

  test('a wrong statement: DuckDB’s message with a hint', async () => {
    const house = await testWarehouse()
    await house.write({ name: 'customers' }, 'SELECT 1 AS id')
    const session = await house.open()
    await expect(session.queryAll('SELEC 1')).rejects.toMatchObject({
      code: 'QUERY_FAILED',
      message: expect.stringContaining('SELEC'),
    })
    await expect(session.queryAll('FROM custmers')).rejects.toMatchObject({
      code: 'QUERY_FAILED',
      message: expect.stringContaining('Did you mean "customers'),
      hint: expect.stringContaining('dwh tables'),
    })
    await expect(session.queryAll(`SELECT id::DATE FROM customers`)).rejects.toMatchObject({ code: 'QUERY_FAILED' })
    expect(await ask(session, 'SELECT id FROM customers')).toEqual([['1']])
  })

  test('a table that does not exist: only tables of the warehouse and of the session are proposed', async () => {
    const house = await testWarehouse()
    for (const name of ['customers', 'orders', 'we "ird']) await house.write({ name }, 'SELECT 1 AS id')
    await house.write({ schema: 'billing', name: 'invoices' }, 'SELECT 1 AS id')
    const session = await house.open()
    await session.queryAll('CREATE TEMP TABLE mine AS SELECT 1 AS id')
    for (const [sql, proposal] of [
      ['FROM custmers', '"customers"'],
      ['FROM public.cust', '"customers"'],
      ['FROM nowhere.Order', '"orders"'],
      ['DROP VIEW mien', '"mine"'],
      ['SELECT * FROM orders JOIN invoices USING (id)', '"billing.invoices"'],
      ['FROM billing.orders', '"public.orders"'],
      ['FROM "we ird"', '"we ""ird"'],
    ] as const) {
      const failed = await session.queryAll(sql).catch((error) => error)
      expect(failed.message, sql).toContain(`Did you mean ${proposal}?`)
      expect(failed).toMatchObject({ code: 'QUERY_FAILED', hint: 'Run `dwh tables` to list all tables.' })
    }
    await expect(session.queryAll('FROM gone')).rejects.toMatchObject({
      message: 'Catalog Error: Table with name gone does not exist!\n\nLINE 1: FROM gone\n             ^',
      hint: 'The tables are "we ""ird", billing.invoices, customers, orders. `dwh tables` shows more about them.',
    })
    await expect(session.queryAll('USE shop')).rejects.toMatchObject({
      hint: 'A warehouse is one database. USE takes one of its schemas: billing, public.',
    })
    await session.queryAll('BEGIN')
    await expect(session.queryAll('FROM ordres')).rejects.toThrow('Did you mean "orders"?')
  })

  test('progress: from 0 to 1 while a statement runs, else null', async () => {
    const session = await (await testWarehouse()).open()
    expect(session.progress()).toBeNull()
    await session.queryAll('CREATE TEMP TABLE t AS SELECT range AS i FROM range(1000000)')
    const seen: number[] = []
    const timer = setInterval(() => seen.push(session.progress() ?? 0), 5)
    await session.queryAll('SELECT count(DISTINCT hash(i::VARCHAR)) FROM t')
    clearInterval(timer)
    expect(Math.max(...seen)).toBeGreaterThan(0)
    expect(Math.max(...seen)).toBeLessThanOrEqual(1)
    expect(session.progress()).toBeNull()
  })

  test('an endless query: ends when left early or aborted, also midway', async () => {
    const session = await (await testWarehouse()).open()
    for await (const { rows } of session.query('SELECT * FROM range(1000000000000)')) {
      for await (const batch of rows) {
        expect(batch.length).toBeGreaterThan(0)
        break
      }
    }
    const controller = new AbortController()
    const counting = session.queryAll('SELECT sum(a.range * b.range) FROM range(100000000) a, range(100000) b', {
      signal: controller.signal,
    })
    setTimeout(() => controller.abort(), 50)
    await expect(counting).rejects.toMatchObject({ code: 'ABORTED' })
    await expect(session.queryAll('SELECT 1', { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'ABORTED',
    })
    expect(await ask(session, 'SELECT 1')).toEqual([['1']])
  })

  test('eight sessions at once, closed twice: no error', async () => {
    const house = await testWarehouse()
    await house.write({ name: 't' }, 'SELECT i AS id FROM range(100000) r(i)')
    const sessions = await Promise.all(Array.from({ length: 8 }, () => house.open()))
    const answers = await Promise.all(sessions.map((session) => ask(session, 'SELECT sum(id) FROM t')))
    expect(answers).toEqual(Array(8).fill([['4999950000']]))
    for (const session of sessions) {
      await session.close()
      await session.close()
    }
  })

  test('a time zone: days and hours are in it', async () => {
    const house = await testWarehouse()
    const { openSession } = await import('./index.ts')
    const files = localFiles({ store: house.store, readState: async () => house.state })
    const zurich = await openSession({ tables: {}, files, timeZone: 'Europe/Zurich' })
    expect(await ask(zurich, `SELECT date_trunc('day', TIMESTAMPTZ '2026-02-18 23:30:00+00')::VARCHAR`)).toEqual([
      ['2026-02-19 00:00:00+01'],
    ])
    await zurich.close()
    await expect(openSession({ tables: {}, files, timeZone: 'No/Where' })).rejects.toMatchObject({
      code: 'QUERY_FAILED',
    })
  })
})

test('names in etl.json: the names of the views', () => {
  for (const name of HOSTILE) expect(parseTableName(formatTableName({ schema: 'public', name })).name).toBe(name)
})

describe('a session that stays open', () => {
  test('show: a later run from the next statement on; objects of the session stay', async () => {
    const house = await testWarehouse()
    await house.write({ name: 'orders' }, 'SELECT 1 AS n')
    await house.write({ name: 'same' }, 'SELECT 5 AS n')
    await house.write({ name: 'gone' }, 'SELECT 9 AS n')
    const session = await house.open()
    await ask(session, 'CREATE TEMP TABLE mine AS FROM orders')
    await ask(session, 'CREATE VIEW latest AS SELECT max(n) AS n FROM orders')
    await ask(session, 'FROM gone')
    await rename(join(house.root, 'orders/2026/02/18.parquet'), join(house.root, 'elsewhere'))
    await house.write({ name: 'orders' }, 'SELECT 2 AS n, true AS added')
    const added = await house.write({ schema: 'billing', name: 'invoices' }, 'SELECT 3 AS n')
    const { gone, ...tables } = house.state.tables
    expect(await ask(session, 'FROM orders')).toEqual([['1']])
    expect(await session.show(tables)).toBe(true)
    expect(await ask(session, 'FROM orders')).toEqual([['2', 'true']])
    expect(await ask(session, 'FROM mine, latest, same')).toEqual([['1', '2', '5']])
    expect(await ask(session, 'FROM billing.invoices')).toEqual([['3']])
    await expect(ask(session, 'FROM gone')).rejects.toThrow(/Table with name gone does not exist/)
    expect(await session.show({ gone: gone as TableEntry, 'billing.invoices': added })).toBe(true)
    expect(await ask(session, 'FROM gone, billing.invoices')).toEqual([['9', '3']])
  })

  test('a descriptor number that was reused: not answered from DuckDB’s cache', async () => {
    const house = await testWarehouse()
    const session = await house.open()
    for (let n = 0; n < 20; n += 1) {
      await rm(join(house.root, 't'), { recursive: true, force: true })
      await house.write({ name: 't' }, `SELECT ${n} + i AS n FROM range(100) r(i)`)
      await session.show(house.state.tables)
      expect(await ask(session, 'SELECT min(n), max(n) FROM t')).toEqual([[String(n), String(n + 99)]])
    }
  })

  test('show within a transaction: nothing changes', async () => {
    const house = await testWarehouse()
    await house.write({ name: 't' }, 'SELECT 1 AS n')
    const session = await house.open()
    const first = house.state.tables
    await house.write({ name: 't' }, 'SELECT 2 AS n')
    await ask(session, 'BEGIN')
    expect(await session.show(house.state.tables)).toBe(false)
    await expect(ask(session, 'SELECT nothing')).rejects.toThrow(/not found/)
    expect(await session.show(house.state.tables)).toBe(false)
    await ask(session, 'ROLLBACK')
    expect(await session.show(house.state.tables)).toBe(true)
    expect(await ask(session, 'FROM t')).toEqual([['2']])
    expect(first).not.toEqual(house.state.tables)
  })

  test('a table that was opened in a transaction: still there after a rollback', async () => {
    const house = await testWarehouse()
    await house.write({ name: 't' }, 'SELECT 1 AS n')
    const session = await house.open()
    await ask(session, 'BEGIN; FROM t; ROLLBACK')
    expect(await ask(session, 'FROM t')).toEqual([['1']])
  })

  test('suggest: names and keywords, and no file is opened', async () => {
    const house = await testWarehouse()
    await house.write({ name: 'customers' }, 'SELECT 1 AS country')
    const session = await house.open()
    await rm(join(house.root, 'customers'), { recursive: true })
    expect((await session.suggest('SELECT * FROM cust'))[0]).toEqual({ text: 'customers', start: 14 })
    expect((await session.suggest('SELECT c.id FROM customers c WHERE coun'))[0]?.text).toBe('country')
    expect(await session.suggest("it's")).toBeInstanceOf(Array)
  })
})
