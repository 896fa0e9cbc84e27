import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { testDatabase } from '@dwh/test-kit'
import { describe, expect, test } from 'vitest'
import { workplace } from './test-support.ts'

const SHOP = `
  CREATE TABLE customers (id int PRIMARY KEY, name text, metadata jsonb);
  INSERT INTO customers SELECT i, 'Customer ' || i, jsonb_build_object('plan', CASE WHEN i % 2 = 0 THEN 'pro' ELSE 'free' END) FROM generate_series(1, 10) i;
  CREATE TABLE orders (id int PRIMARY KEY, customer_id int REFERENCES customers, amount numeric(10,2));
  INSERT INTO orders SELECT i, 1 + i % 10, i * 1.25 FROM generate_series(1, 40) i;
  CREATE SCHEMA billing; CREATE TABLE billing.invoices AS SELECT 1 AS id;
  CREATE VIEW looking AS SELECT 1 AS one; CREATE TABLE bare ()`

async function duckdb(...statements: string[]): Promise<unknown[][]> {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  try {
    let rows: unknown[][] = []
    for (const sql of statements) rows = await (await connection.stream(sql)).getRowsJson()
    return rows
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

test('all commands in order: plan, run, status, tables, query, views, history', async () => {
  const database = await testDatabase(SHOP)
  const { dwh, folder, temp } = await workplace({ DATABASE_URL: database.url })

  const plan = await dwh(['plan'])
  expect(plan).toMatchObject({ code: 0, stderr: '' })
  expect(plan.stdout).toMatch(
    /^TABLE +COLUMNS +ABOUT ROWS +FILE\nbilling\.invoices +1 +\? +billing\.invoices\/\d{4}\/\d\d\/\d\d\.parquet +new\n/,
  )
  expect(plan.stdout).toContain('-  looking  a view: read only if included by name')
  expect(plan.stdout).toContain('-  bare     it has no columns')
  expect(await readdir(folder)).toEqual([])

  const run = await dwh(['run'])
  expect(run.code, run.stderr).toBe(0)
  expect(run.stdout).toMatch(
    /^Published \d{8}T\d{6}Z-[0-9a-f]{8}: 3 tables, 51 rows, [\d.]+ kB as of \d{4}-\d\d-\d\d in \d+\.\d s, to .*\/warehouse\n$/,
  )
  expect(run.stderr).toMatch(/^✓ customers: 10 rows, [\d.]+ kB, \d\.\d s by copy.*$/m)
  expect(run.stderr).toContain('- bare: left out: it has no columns')
  expect(await readdir(temp)).toEqual([])

  const status = await dwh(['status'])
  expect(status.stdout).toMatch(
    /^warehouse +\S+\/warehouse\nlast run +\S+, just now, took \d\.\d s\nrun +\S+\ncurrent +3 tables, 51 rows, .*\nsnapshot +\S+ \S+\nall days +1 day, \d{4}-\d\d-\d\d, /,
  )
  const tables = await dwh(['tables'])
  expect(tables.stdout).toMatch(
    /^TABLE +DATE +ROWS +SIZE +COLUMNS\nbilling\.invoices .*\ncustomers .* 10 .*\norders .* 40 /,
  )
  const columns = await dwh(['tables', 'cust*'])
  expect(columns.stdout).toMatch(
    /\n {2}id +INTEGER +not null +key +integer\n {2}name +VARCHAR +text\n {2}metadata +JSON +jsonb\n$/,
  )

  const sql = `SELECT (c.metadata->>'plan') AS plan, sum(o.amount) AS revenue FROM orders o JOIN customers c ON c.id = o.customer_id GROUP BY 1 ORDER BY 1`
  expect((await dwh(['query', sql])).stdout).toBe(
    ' plan │ revenue\n──────┼─────────\n free │  525.00\n pro  │  500.00\n(2 rows)\n',
  )
  expect(JSON.parse((await dwh(['query', sql, '--format', 'json'])).stdout)).toEqual([
    { plan: 'free', revenue: 525 },
    { plan: 'pro', revenue: 500 },
  ])
  expect((await dwh(['query', '--format', 'csv', sql])).stdout).toBe('plan,revenue\nfree,525.00\npro,500.00\n')
  expect((await dwh(['query', '--format', 'jsonl', sql])).stdout).toBe(
    '{"plan":"free","revenue":525.00}\n{"plan":"pro","revenue":500.00}\n',
  )
  expect((await dwh(['query', '--format', 'markdown', sql])).stdout).toContain('| free | 525.00 |')
  expect((await dwh(['query'], { input: 'SELECT id FROM billing.invoices' })).stdout).toContain(' 1\n')
  expect((await dwh(['query', '-- a comment first\nSELECT 1 AS one', '--json'])).stdout).toBe('[\n  {"one":1}\n]\n')
  await writeFile(join(folder, 'q.sql'), 'SELECT count(*) AS n FROM orders')
  expect((await dwh(['query', '--file', 'q.sql', '--json'])).stdout).toBe('[\n  {"n":40}\n]\n')

  const views = await dwh(['views'])
  expect(
    await duckdb(
      views.stdout,
      'SELECT (SELECT count(*)::INT FROM customers), (SELECT max(id)::INT FROM billing.invoices)',
    ),
  ).toEqual([[10, 1]])
  const history = await dwh(['history'])
  expect(history.stdout).toMatch(/^RUN +DATE +STATUS +TABLES +READ +ROWS +SIZE +TOOK\n\S+ +\S+ +success +3 +3 +51 +/)
})

test('--json: every command writes JSON and nothing else to stdout', async () => {
  const database = await testDatabase(SHOP)
  const { dwh, folder } = await workplace({ DATABASE_URL: database.url })
  expect(JSON.parse((await dwh(['status', '--json'])).stdout)).toMatchObject({
    status: 'none',
    last_run_at: null,
    tables: 0,
  })
  expect(JSON.parse((await dwh(['history', '--json'])).stdout)).toEqual([])
  expect(JSON.parse((await dwh(['plan', '--json'])).stdout)).toMatchObject({
    tables: [
      { name: 'billing.invoices' },
      { name: 'customers', primary_key: ['id'], is_new: true, source: { kind: 'table' } },
      { name: 'orders' },
    ],
    skipped: [{ table: 'bare' }, { table: 'looking' }],
  })
  const run = JSON.parse((await dwh(['--json', 'run'])).stdout)
  expect(run).toMatchObject({ status: 'success', finished: true, tables: { customers: { rows: 10 } } })
  expect(JSON.parse((await dwh(['status', '--json'])).stdout)).toMatchObject({
    status: 'success',
    run_id: run.run_id,
    tables: 3,
    rows: 51,
    counts: { orders: 40 },
  })
  const tables = JSON.parse((await dwh(['tables', '--json', 'orders'])).stdout)
  expect(tables).toMatchObject([
    { name: 'orders', rows: 40, paths: [expect.stringMatching(/^\/.*\/warehouse\/_dwh\/parts\/orders\/.*\.parquet$/)] },
  ])
  expect(await duckdb(`SELECT count(*)::INT FROM '${tables[0].paths[0]}'`)).toEqual([[40]])
  expect(JSON.parse((await dwh(['history', '--json'])).stdout)).toMatchObject([
    { run_id: run.run_id, status: 'success' },
  ])
  expect(JSON.parse((await dwh(['views', '--json'])).stdout).sql).toContain('CREATE OR REPLACE VIEW')
  const failed = await dwh(['query', '--json', 'FROM nothing'])
  expect(failed).toMatchObject({ code: 1, stdout: '' })
  expect(JSON.parse(failed.stderr).error).toMatchObject({ code: 'QUERY_FAILED', hint: expect.any(String) })
  expect(JSON.parse(await readFile(join(folder, 'warehouse/etl.json'), 'utf8'))).toMatchObject({ run_id: run.run_id })
})

test('two days: each customer counts once, both days can be queried and compared', async () => {
  const database = await testDatabase(SHOP)
  const { dwh } = await workplace({ DATABASE_URL: database.url })
  expect((await dwh(['run', '--date', '2026-02-17'])).code).toBe(0)
  await database.query(
    `INSERT INTO customers VALUES (11, 'New', '{}'), (12, 'Newer', '{}'); DELETE FROM orders WHERE id = 40`,
  )
  expect((await dwh(['run', '--date', '2026-02-18'])).code).toBe(0)
  const ask = async (sql: string, ...more: string[]) =>
    JSON.parse((await dwh(['query', '--json', sql, ...more])).stdout)
  expect(await ask('SELECT count(*) AS n, count(DISTINCT id) AS ids FROM customers')).toEqual([{ n: 12, ids: 12 }])
  expect(await ask('SELECT sum(o.amount) AS total FROM orders o JOIN customers c ON c.id = o.customer_id')).toEqual([
    { total: 975 },
  ])
  expect(await ask('SELECT count(*) AS n FROM customers', '--as-of', '2026-02-17')).toEqual([{ n: 10 }])
  const path = async (day: string) =>
    JSON.parse((await dwh(['tables', 'customers', '--json', '--as-of', day])).stdout)[0].paths[0]
  const [older, newer] = [await path('2026-02-17'), await path('2026-02-18')]
  expect(await ask(`SELECT id FROM '${newer}' ANTI JOIN '${older}' USING (id) ORDER BY id`)).toEqual([
    { id: 11 },
    { id: 12 },
  ])
  const missing = await dwh(['query', 'SELECT 1', '--as-of', '2026-02-16'])
  expect(missing).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('the first day of the warehouse is 2026-02-17'),
  })
  const again = await dwh(['run', '--date', '2026-02-17'])
  expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining('--replace') })
  expect((await dwh(['run', '--date', '2026-02-17', '--replace'])).code).toBe(0)
  expect(await ask('SELECT count(*) AS n FROM customers', '--as-of', '2026-02-17')).toEqual([{ n: 12 }])
})

test('on_table_error keep-previous: one table fails, exit code 3 and every command shows it', async () => {
  const database = await testDatabase('CREATE TABLE a AS SELECT 1 AS i; CREATE TABLE b AS SELECT 1::numeric(10,2) AS n')
  const { dwh } = await workplace({ DATABASE_URL: database.url, DWH_ON_TABLE_ERROR: 'keep-previous' })
  expect((await dwh(['run', '--date', '2026-02-17'])).code).toBe(0)
  await database.query(`INSERT INTO a VALUES (2); INSERT INTO b VALUES ('NaN')`)
  const why = 'b: column n: "NaN" is not a value of DECIMAL(10,2)'
  const run = await dwh(['run', '--date', '2026-02-18'])
  expect(run).toMatchObject({ code: 3, stderr: expect.stringContaining(`✗ ${why}`) })
  const [published, previous, table] = run.stdout.split('\n')
  expect(published).toMatch(/^Published .*: 1 table, 2 rows/)
  expect([previous, table]).toEqual(['Failed; still showing the previous version:', `  2026-02-17  ${why}`])
  expect((await dwh(['status'])).stdout.replaceAll(/\s+/g, ' ')).toContain(
    `failed table still showing the previous version (2026-02-17): ${why}`,
  )
  expect((await dwh(['history'])).stdout).toMatch(/ 2026-02-18 {2}partial .* still showing the previous version: b\n/)
  expect((await dwh(['doctor'])).stdout.replaceAll(/\s+/g, ' ')).toContain(
    `1 table failed, still showing the previous version: ${why}`,
  )
  expect(JSON.parse((await dwh(['query', '--json', 'SELECT (SELECT count(*) FROM a) AS a, n FROM b'])).stdout)).toEqual(
    [{ a: 2, n: 1 }],
  )
  const json = await dwh(['run', '--json', '--date', '2026-02-18', '--replace', '--full-refresh'])
  expect(json.code).toBe(3)
  expect(JSON.parse(json.stdout)).toMatchObject({
    status: 'partial',
    tables: {
      a: { status: 'written', reason: { id: 'full-refresh' } },
      b: { status: 'failed', code: 'VALUE_REFUSED', message: why },
    },
    previous: { b: { date: '2026-02-17', run_id: expect.any(String) } },
  })
  expect(JSON.parse((await dwh(['status', '--json'])).stdout)).toMatchObject({
    status: 'partial',
    failed_tables: { b: { code: 'VALUE_REFUSED', message: why } },
  })
  expect((await dwh(['run'], { env: { DWH_ON_TABLE_ERROR: 'fail' } })).code).toBe(1)
})

describe('settings', () => {
  test('precedence: flags, environment, dwh.yaml, defaults; paths are relative to where they are written', async () => {
    const database = await testDatabase('CREATE TABLE a (i int); CREATE TABLE b (i int)')
    const { dwh, folder } = await workplace({ APP_URL: database.url })
    await writeFile(
      join(folder, 'dwh.yaml'),
      `source: \${APP_URL}\nstorage: from-file\nexclude: [b]\ntables:\n  a:\n    name: \${PREFIX:-my}_a\n`,
    )
    const storage = async (args: string[], env = {}) =>
      JSON.parse((await dwh(['status', '--json', ...args], { env })).stdout).storage
    expect(await storage([])).toBe(join(folder, 'from-file'))
    expect(await storage([], { DWH_STORAGE: './from-environment' })).toBe(join(folder, 'from-environment'))
    expect(await storage(['--storage', 'from-flag'], { DWH_STORAGE: './from-environment' })).toBe(
      join(folder, 'from-flag'),
    )
    expect(await storage([], { DWH_STORAGE: 'file:///tmp/elsewhere' })).toBe('/tmp/elsewhere')
    expect((await dwh(['run'])).code).toBe(0)
    expect((await readdir(join(folder, 'from-file'))).sort()).toEqual(['_dwh', 'etl.json', 'my_a'])
    const missing = await dwh(['run'], { env: { APP_URL: '' } })
    expect(missing).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/dwh\.yaml:1: \$\{APP_URL\}: APP_URL is not set/),
    })
    for (const args of [['status'], ['tables'], ['query', 'FROM my_a']]) {
      const asked = await dwh(args, { env: { APP_URL: '' } })
      expect(asked.code, asked.stderr).toBe(0)
    }
    expect(JSON.parse((await dwh(['doctor', '--json'], { env: { APP_URL: '' } })).stdout).checks[1]).toMatchObject({
      id: 'source.connection',
      status: 'skipped',
      found: expect.stringContaining('APP_URL is not set'),
    })
  })

  test('only PG* variables: enough to run', async () => {
    const database = await testDatabase('CREATE TABLE a AS SELECT 1 AS i')
    const url = new URL(database.url)
    const { dwh } = await workplace({
      PGHOST: url.hostname,
      PGPORT: url.port,
      PGUSER: url.username,
      PGPASSWORD: url.password,
      PGDATABASE: database.name,
    })
    const run = await dwh(['run'])
    expect(run.code, run.stderr).toBe(0)
  })

  test('--timezone: determines the day', async () => {
    const database = await testDatabase('CREATE TABLE a (i int)')
    const { dwh } = await workplace({ DATABASE_URL: database.url })
    const days = await Promise.all(
      ['Pacific/Kiritimati', 'Pacific/Pago_Pago'].map(
        async (zone) => JSON.parse((await dwh(['plan', '--json', '--timezone', zone])).stdout).date,
      ),
    )
    expect(days[0] > days[1]).toBe(true)
  })
})

test('--help: every command has an example', async () => {
  const { dwh } = await workplace()
  const main = await dwh(['--help'])
  expect(main).toMatchObject({ code: 0, stderr: '' })
  const [, listed = ''] = /\nCopy Postgres:\n([\s\S]+)\nGetting started:/.exec(main.stdout) ?? []
  const commands = [...listed.matchAll(/^ {2}(\w+)/gm)].map((match) => match[1] as string)
  // docs/cli.md holds the list
  expect(commands).toEqual(expect.arrayContaining(['init', 'run', 'query', 'completion']))
  for (const command of commands) {
    const help = await dwh([command, '--help'])
    expect(help).toMatchObject({ code: 0, stderr: '' })
    expect(help.stdout).toMatch(new RegExp(`\n {2}\\$ (?:\\w+=\\S+ )*dwh ${command}`))
  }
  expect((await dwh(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
})
