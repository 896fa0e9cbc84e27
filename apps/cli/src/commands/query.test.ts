import { execFile } from 'node:child_process'
import { mkdir, readdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { builtProgram, testDatabase } from '@dwh/test-kit'
import { expect, test } from 'vitest'
import { type Workplace, workplace } from '../test-support.ts'

async function shop(env: Record<string, string> = {}): Promise<Workplace> {
  const database = await testDatabase(`
    CREATE TABLE orders (id int PRIMARY KEY, note text, created_at timestamptz);
    INSERT INTO orders VALUES (1, 'a;b', '2025-12-31 23:30+00'), (2, NULL, '2026-07-01 00:00+00'), (3, '', NULL)`)
  const place = await workplace({ DATABASE_URL: database.url, ...env })
  const run = await place.dwh(['run', '--date', '2026-02-18'])
  expect(run.code, run.stderr).toBe(0)
  return place
}

test('instants: in the zone of the settings, with the offset, in every format', async () => {
  const { dwh } = await shop({ DWH_TIMEZONE: 'Europe/Zurich' })
  const sql =
    "SELECT date_trunc('month', created_at) AS month, [created_at] AS list FROM orders WHERE id < 3 ORDER BY id"
  const answer = async (format: string) => (await dwh(['query', '--format', format, sql])).stdout
  expect(await answer('csv')).toBe(
    'month,list\n2026-01-01T00:00:00+01:00,"[""2026-01-01T00:30:00+01:00""]"\n2026-07-01T00:00:00+02:00,"[""2026-07-01T02:00:00+02:00""]"\n',
  )
  expect(await answer('jsonl')).toContain(
    '{"month":"2026-01-01T00:00:00+01:00","list":["2026-01-01T00:30:00+01:00"]}\n',
  )
  expect(await answer('table')).toContain(' 2026-01-01 00:00:00+01 │ ["2026-01-01T00:30:00+01:00"]')
  expect(await answer('markdown')).toContain('| 2026-07-01 00:00:00+02 | ["2026-07-01T02:00:00+02:00"] |')
})

test('--output: the format by its ending, whole or not at all, over an old file', async () => {
  const { dwh, folder } = await shop()
  const written = async (name: string) => readFile(join(folder, name), 'utf8')
  const query = (...args: string[]) => dwh(['query', ...args])
  expect(await query('-o', 'a.csv', 'SELECT id, note FROM orders ORDER BY id')).toEqual({
    code: 0,
    stdout: '',
    stderr: '',
  })
  expect(await written('a.csv')).toBe('id,note\n1,a;b\n2,\n3,""\n')
  await query('-o', 'a.ndjson', 'SELECT id FROM orders ORDER BY id')
  expect(await written('a.ndjson')).toBe('{"id":1}\n{"id":2}\n{"id":3}\n')
  await query('-o', 'a.txt', '--format', 'tsv', '--no-header', 'SELECT id, note FROM orders ORDER BY id')
  expect(await written('a.txt')).toBe('1\ta;b\n2\t\n3\t""\n')
  expect((await query('--output', 'a.parquet', 'FROM orders')).code).toBe(0)
  expect((await query('--format', 'csv', "SELECT count(*) AS n FROM 'a.parquet'")).stdout).toBe('n\n3\n')
  const failed = await query('-o', 'a.csv', "SELECT error('late') FROM orders")
  expect(failed).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('late') })
  expect(await written('a.csv')).toBe('id,note\n1,a;b\n2,\n3,""\n')
  expect(await query('-o', 'b.parquet', 'SELECT 1 AS a; SELECT 2 AS b')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('several results: a Parquet file holds one'),
  })
  await mkdir(join(folder, 'dir'))
  expect(await query('-o', 'dir', '--format', 'csv', 'SELECT 1')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('it is a folder'),
  })
  expect(await query('-o', 'none/x.csv', 'SELECT 1')).toMatchObject({ code: 2 })
  await symlink('a.txt', join(folder, 'link.csv'))
  expect((await query('-o', 'link.csv', 'SELECT 8 AS n')).code).toBe(0)
  expect([await readlink(join(folder, 'link.csv')), await written('a.txt')]).toEqual(['a.txt', 'n\n8\n'])
  expect(await query('-o', 'a.csv.gz', 'FROM orders')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('its ending stands for no format'),
  })
  expect(await query('-o', 'a.csv', 'CREATE TABLE x AS SELECT 1')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('no statement returned rows'),
  })
  expect(await written('a.csv')).toBe('id,note\n1,a;b\n2,\n3,""\n')
  expect(await query('-o', '/dev/null', '--format', 'csv', 'FROM orders')).toEqual({ code: 0, stdout: '', stderr: '' })
  expect((await readdir(folder)).filter((name) => /tmp|b\.parquet/.test(name))).toEqual([])
})

test('--param, --command, --file -: SQL with values, from each place', async () => {
  const { dwh, folder } = await shop()
  const csv = async (args: string[], input?: string) =>
    (await dwh(['query', '--format', 'csv', '--no-header', ...args], input === undefined ? {} : { input })).stdout
  expect(await csv(['--param', 'id=2', 'SELECT id FROM orders WHERE id >= $id ORDER BY id'])).toBe('2\n3\n')
  expect(
    await csv(['--param', '1=a;b', '--param', "$t='; DROP TABLE x", 'SELECT id, $t FROM orders WHERE note = $1']),
  ).toBe('')
  expect(await csv(['--param', '1=a;b', 'SELECT id FROM orders WHERE note = ?'])).toBe('1\n')
  expect(await csv(['-c', 'CREATE TABLE mine AS FROM orders', '-c', 'SELECT count(*) FROM mine'])).toBe('3\n')
  expect(await csv(['--file', '-'], 'SELECT 7')).toBe('7\n')
  await writeFile(join(folder, 'q.sql'), '-- by year\nSELECT $year::INTEGER + 1')
  expect(await csv(['-f', 'q.sql', '--param', 'year=2026'])).toBe('2027\n')
  const wrong = async (...args: string[]) => dwh(['query', ...args])
  expect(await wrong('--param', 'year', 'SELECT 1')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--param year: expected name=value'),
  })
  expect(await wrong('--param', 'yaer=1', 'SELECT $year')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('parameter yaer: the statement has no $yaer'),
  })
  expect(await wrong('SELECT $year')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('Add --param year=VALUE'),
  })
  expect(await wrong('-c', 'SELECT 1', 'SELECT 2')).toMatchObject({ code: 2 })
})

test('no statement: wrong usage; an effect that ends with the query: said', async () => {
  const { dwh, folder } = await shop()
  for (const sql of ['', ' ; ', '-- a comment', '/* */;'])
    expect(await dwh(['query', sql]), sql).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('no statement'),
    })
  expect(await dwh(['query'], { input: '' })).toMatchObject({ code: 2 })
  const unchanged = 'note: the warehouse is unchanged.'
  for (const sql of [
    'CREATE TABLE x AS SELECT 1',
    'DROP VIEW orders',
    'SELECT 1 AS a; SET threads = 2',
    'CREATE VIEW v AS FROM orders',
  ])
    expect((await dwh(['query', sql])).stderr, sql).toContain(unchanged)
  for (const sql of [
    'CREATE TABLE x AS SELECT 1; FROM x',
    `COPY orders TO '${join(folder, 'x.csv')}'`,
    `ATTACH '${join(folder, 'own.duckdb')}' AS own; CREATE TABLE own.x AS FROM orders`,
  ])
    expect((await dwh(['query', sql])).stderr, sql).toBe('')
})

test('a reader that closes the pipe: the query ends', async () => {
  const { folder, temp } = await shop()
  const bin = await builtProgram('dwh')
  for (const format of ['csv', 'tsv', 'jsonl', 'json', 'parquet']) {
    const command = `"$0" "$1" query --format ${format} "SELECT range AS n FROM range(100000000000)" | head -c 5`
    const options = { cwd: folder, env: { PATH: process.env.PATH, HOME: folder, TMPDIR: temp } }
    const { stdout, stderr } = await promisify(execFile)('sh', ['-c', command, process.execPath, bin], options)
    expect(stdout.length, format).toBeGreaterThanOrEqual(4)
    expect(stderr, format).toBe('')
  }
  expect((await readdir(temp)).filter((name) => name.startsWith('dwh-pipe'))).toEqual([])
})
