import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { testDatabase } from '@dwh/test-kit'
import { expect, test } from 'vitest'
import { type Workplace, workplace } from './test-support.ts'

/** Runs on a Friday and a Monday; in between `legacy` leaves and `customers` comes. */
async function published(): Promise<Workplace & { readonly add: (sql: string) => Promise<unknown> }> {
  const database = await testDatabase(
    'CREATE TABLE orders AS SELECT i AS id FROM generate_series(1, 40) i; CREATE TABLE legacy AS SELECT 1 AS id',
  )
  const place = await workplace({ DATABASE_URL: database.url })
  expect((await place.dwh(['run', '--date', '2026-02-13'])).code).toBe(0)
  await database.query(
    'DROP TABLE legacy; CREATE TABLE customers AS SELECT 1 AS id; INSERT INTO orders VALUES (41); ALTER TABLE orders ADD note text',
  )
  return { ...place, add: (sql) => database.query(sql) }
}

const takenAt = ({ taken_at }: { readonly taken_at: string }) => taken_at

/** An instant as text shows it, in UTC. */
const INSTANT = '\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d\\+00'

test('as of a day without a run: every command shows the last day before it, and says which', async () => {
  const place = await published()
  expect((await place.dwh(['run', '--date', '2026-02-16'])).code).toBe(0)
  const note = 'note: as of 2026-02-13, the last day at or before 2026-02-15\n'
  // a session says of which instant its tables are
  const sessionNote = expect.stringMatching(new RegExp(`^${note}  snapshot ${INSTANT}\n$`))
  const sunday = ['--as-of', '2026-02-15']
  expect(await place.dwh(['query', '--format', 'csv', 'SELECT count(*) AS n FROM orders', ...sunday])).toEqual({
    code: 0,
    stdout: 'n\n40\n',
    stderr: sessionNote,
  })
  for (const command of ['tables', 'views'])
    expect(await place.dwh([command, ...sunday]), command).toMatchObject({ code: 0, stderr: note })
  expect(await place.dwh(['shell', ...sunday])).toMatchObject({ code: 0, stderr: sessionNote })
  expect(JSON.parse((await place.dwh(['views', '--json', ...sunday])).stdout)).toMatchObject({
    day: '2026-02-13',
    run_id: expect.stringMatching(/^\d{8}T\d{6}Z-[0-9a-f]{8}$/),
  })
  const shell = await place.dwh(['shell'], { input: '.as-of 2026-02-15\nSELECT count(*) AS n FROM orders;\n' })
  expect(shell.stdout).toMatch(
    new RegExp(`2 tables, as of 2026-02-13, the last day at or before 2026-02-15, snapshot ${INSTANT}\n`),
  )
  // the day itself needs no note
  expect((await place.dwh(['tables', '--as-of', '2026-02-13'])).stderr).toBe('')
  expect((await place.dwh(['tables', '--as-of', 'today'])).stderr).toMatch(
    /^note: as of 2026-02-16, the last day at or before \d{4}-\d\d-\d\d\n$/,
  )
  expect(await place.dwh(['tables', '--as-of', '2026-01'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('as of 2026-01-31: the first day of the warehouse is 2026-02-13'),
  })
})

test('run --date yesterday: the day before today, in the time zone of the warehouse', async () => {
  const place = await published()
  const env = { DWH_TIMEZONE: 'Pacific/Kiritimati' }
  const dayThere = (ago: number) =>
    new Intl.DateTimeFormat('en-CA', { timeZone: env.DWH_TIMEZONE }).format(Date.now() - ago * 86_400_000)
  const before = dayThere(1)
  const plan = JSON.parse((await place.dwh(['plan', '--date', 'yesterday', '--json'], { env })).stdout)
  expect([before, dayThere(1)]).toContain(plan.date)
  expect((await place.dwh(['plan', '--date', '2026-01'])).stderr).toContain('date "2026-01": not a day')
})

test('days and status: list the days and what changed, and measure all of them, within 80 columns', async () => {
  const place = await published()
  expect((await place.dwh(['days'])).stdout).toMatch(
    /^DAY +TABLES +ROWS +CHANGE +SIZE\n2026-02-13 +2 +41 +[\d.]+ kB\n$/,
  )
  expect((await place.dwh(['run', '--date', '2026-02-16'])).code).toBe(0)
  const days = await place.dwh(['days'])
  expect(days.stdout).toMatch(
    /^DAY .*\n2026-02-16 +2 +42 +\+1 +[\d.]+ kB {2}\+customers -legacy ~orders\n2026-02-13 +2 +41 +[\d.]+ kB\n$/,
  )
  const json = JSON.parse((await place.dwh(['days', '--limit', '1', '--json'])).stdout)
  expect(json).toEqual([
    {
      day: '2026-02-16',
      run_id: expect.any(String),
      tables: 2,
      rows: 42,
      bytes: expect.any(Number),
      changes: {
        since: '2026-02-13',
        rows: 1,
        added: ['customers'],
        removed: ['legacy'],
        altered: ['orders'],
        new_files: 1,
        same_files: 0,
      },
    },
  ])
  expect((await place.dwh(['days', '--limit', '0'])).code).toBe(2)
  for (let i = 0; i < 9; i += 1) await place.add(`CREATE TABLE a_table_with_a_longer_name_${i} AS SELECT 1 AS id`)
  expect((await place.dwh(['run', '--date', '2026-02-17'])).code).toBe(0)
  const many = await place.dwh(['days'])
  expect(many.stdout).toContain('  +9 tables\n')
  const status = await place.dwh(['status'])
  expect(status.stdout).toMatch(/^all days +3 days, 2026-02-13 to 2026-02-17, [\d.]+ kB$/m)
  for (const line of `${days.stdout}${many.stdout}${status.stdout}`
    .split('\n')
    .filter((line) => !/^warehouse/.test(line)))
    expect(line.length, line).toBeLessThanOrEqual(80)
  const measured = JSON.parse((await place.dwh(['status', '--json'])).stdout)
  expect(measured).toMatchObject({ days: 3, first_day: '2026-02-13', last_day: '2026-02-17', all_counted: true })
  expect(measured.all_bytes).toBeGreaterThan(measured.bytes)
})

test('tables of two instants: status, sessions and JSON name the oldest and the newest, within 80 columns', async () => {
  const place = await published()
  const env = { DWH_TIMEZONE: 'Asia/Kathmandu' }
  const status = async () => JSON.parse((await place.dwh(['status', '--json'])).stdout)
  const one = await status()
  expect(one.oldest_taken_at).toBe(one.newest_taken_at)
  expect(one.oldest_taken_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/)
  expect((await place.dwh(['status'])).stdout).toMatch(new RegExp(`^snapshot +${INSTANT}$`, 'm'))
  expect((await place.dwh(['run', '--date', '2026-02-16', '--tables', 'customers', 'orders'])).code).toBe(0)
  const two = await status()
  expect(two.oldest_taken_at).toBe(one.oldest_taken_at)
  expect(two.newest_taken_at > two.oldest_taken_at).toBe(true)
  expect([...new Set(JSON.parse((await place.dwh(['tables', '--json'])).stdout).map(takenAt))].sort()).toEqual([
    two.oldest_taken_at,
    two.newest_taken_at,
  ])
  const local = (instant: string) =>
    new Date(Date.parse(instant) + 5.75 * 3_600_000).toISOString().slice(0, 19).replace('T', ' ')
  const range = [two.oldest_taken_at, two.newest_taken_at].map((at) => `${local(at)}(\\.\\d+)?\\+05:45`).join(' to ')
  const { stdout } = await place.dwh(['status'], { env })
  expect(stdout).toMatch(new RegExp(`^snapshots +${range}$`, 'm'))
  const shell = await place.dwh(['shell'], { input: '.as-of\n', env })
  expect(shell.stdout).toMatch(new RegExp(`, snapshots ${range}\n`))
  for (const line of stdout.split('\n').slice(1)) expect(line.length, line).toBeLessThanOrEqual(80)
})

test('views: the script of a later run drops the view of a table that has left, in another DuckDB', async () => {
  const place = await published()
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  const rows = async (sql: string) => (await connection.runAndReadAll(sql)).getRowsJson()
  try {
    await rows((await place.dwh(['views'])).stdout)
    expect(await rows('FROM legacy')).toEqual([[1]])
    expect((await place.dwh(['run', '--date', '2026-02-16'])).code).toBe(0)
    const script = (await place.dwh(['views'])).stdout
    expect(script).toMatch(
      /^-- Views of run \d{8}T\d{6}Z-[0-9a-f]{8}, as of 2026-02-16\n-- Warehouse: \S+\/warehouse\n/,
    )
    await rows(script)
    await rows(script)
    expect(await rows('SELECT view_name FROM duckdb_views() WHERE NOT internal ORDER BY 1')).toEqual([
      ['customers'],
      ['orders'],
    ])
    // the same files below another path, and those of the day before
    const moved = (await place.dwh(['views', '--root', `${place.folder}/warehouse/../warehouse/`])).stdout
    expect(moved).toContain('/warehouse/../warehouse/_dwh/parts/orders/2026/02/16-')
    await rows(moved)
    expect(await rows('SELECT count(*)::INT FROM orders')).toEqual([[41]])
    await rows((await place.dwh(['views', '--as-of', '2026-02-13'])).stdout)
    expect(await rows('SELECT (SELECT count(*)::INT FROM orders), (SELECT id::INT FROM legacy)')).toEqual([[40, 1]])
    expect(await rows('SELECT view_name FROM duckdb_views() WHERE NOT internal ORDER BY 1')).toEqual([
      ['legacy'],
      ['orders'],
    ])
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
})

test('views --root: a bucket gets the statement of the secret, with the settings and without the key', async () => {
  const place = await published()
  await writeFile(join(place.folder, 'dwh.yaml'), 's3: { endpoint: "http://localhost:9000" }\n')
  const env = { AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE', AWS_SECRET_ACCESS_KEY: 'a-real-secret' }
  const { stdout } = await place.dwh(['views', '--root', 's3://copies/shop/'], { env })
  expect(stdout).toContain("read_parquet(['s3://copies/shop/_dwh/parts/orders/2026/02/13-")
  expect(stdout).toContain("--   SCOPE 's3://copies/shop',\n")
  expect(stdout).toContain("--   ENDPOINT 'localhost:9000',\n--   USE_SSL false,\n--   URL_STYLE 'path',\n")
  expect(stdout).toContain("--   SECRET '<secret access key>'\n")
  expect(stdout).not.toMatch(/AKIAEXAMPLE|a-real-secret/)
  const web = await place.dwh(['views', '--root', 'https://data.example.com/a%20b'])
  expect(web.stdout).toContain("'https://data.example.com/a%20b/_dwh/parts/orders/2026/02/13-")
  expect(web.stdout).not.toContain('SECRET')
  expect((await place.dwh(['views', '--root', ' '])).code).toBe(2)
})
