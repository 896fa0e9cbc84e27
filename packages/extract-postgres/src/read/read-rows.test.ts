import type { RowBatch } from '@dwh/core'
import { serverUrl, testDatabase, withClient } from '@dwh/test-kit'
import type pg from 'pg'
import { expect, test } from 'vitest'
import { beginSnapshot, listTables, type PgTable, type ReadRowsOptions, readRows } from '../index.ts'
import { whereClause } from './read-rows.ts'

async function reading<T>(
  url: string,
  work: (client: pg.Client, table: (name: string) => PgTable) => Promise<T>,
): Promise<T> {
  return withClient(url, async (client) => {
    await beginSnapshot(client)
    const tables = await listTables(client)
    const find = (name: string) => tables.find((table) => table.name === name) as PgTable
    return work(client, find)
  })
}

async function collect(rows: AsyncIterable<RowBatch>): Promise<RowBatch[]> {
  const all: RowBatch[] = []
  for await (const batch of rows) all.push(batch)
  return all
}

test('values: the text that Postgres prints, whatever the database has set', async () => {
  const database = await testDatabase(`
    CREATE TABLE t (d date, ts timestamptz, i interval, b bytea, f4 real, f8 double precision, n numeric(10,2), m money, c char(5), bo bool,
      ip inet, j json, e text, nul text, t24 time, r regclass, a int[], bc timestamp);
    INSERT INTO t VALUES ('2026-02-18', '2026-02-18 03:00:12.000001+02', '1 year 2 days 03:04:05.6', '\\x00ff', 0.1, 1e-300, 12.30, 1234.5, 'ab', true,
      '::1', '{"b": 1,  "a": 1.0}', '', NULL, '24:00:00', 'pg_class', '{1,NULL}', '0044-03-15 01:02:03 BC')`)
  const expected = [
    [
      '2026-02-18',
      '2026-02-18 01:00:12.000001+00',
      '1 year 2 days 03:04:05.6',
      '\\x00ff',
      '0.1',
      '1e-300',
      '12.30',
      '1234.50',
      'ab   ',
      't',
    ],
    ['::1', '{"b": 1,  "a": 1.0}', '', null, '24:00:00', 'pg_class', '[1,null]', '0044-03-15 01:02:03 BC'],
  ].flat()
  const read = () => reading(database.url, (client, table) => collect(readRows(client, table('t'))))
  expect(await read()).toEqual([[expected]])
  // not in the database itself, whose sessions the settings are for
  const alter = async (sql: string) => withClient(await serverUrl(), (client) => client.query(sql))
  for (const setting of [
    `DateStyle = 'SQL, DMY'`,
    `IntervalStyle = 'iso_8601'`,
    `TimeZone = 'Asia/Kathmandu'`,
    `bytea_output = 'escape'`,
    'extra_float_digits = -15',
    `search_path = 'pg_catalog, public'`,
    'standard_conforming_strings = off',
    'quote_all_identifiers = on',
    `lc_monetary = 'C.UTF-8'`,
    `client_encoding = 'LATIN1'`,
    'statement_timeout = 1',
    'idle_in_transaction_session_timeout = 1',
    `default_transaction_isolation = 'serializable'`,
    'default_transaction_deferrable = on',
  ]) {
    await alter(`ALTER DATABASE ${database.name} SET ${setting}`)
  }
  expect(await read()).toEqual([[expected]])
})

test('batches stay within batchRows and approach batchBytes', async () => {
  const database = await testDatabase(`
    CREATE TABLE narrow AS SELECT i FROM generate_series(1, 20000) i;
    CREATE TABLE fat AS SELECT repeat('x', 100000) AS t FROM generate_series(1, 40) i`)
  const sizes = (name: string, options: ReadRowsOptions) =>
    reading(database.url, async (client, table) =>
      (await collect(readRows(client, table(name), options))).map((batch) => batch.length),
    )
  const narrow = await sizes('narrow', { batchRows: 500 })
  expect(Math.max(...narrow)).toBe(500)
  expect(narrow.reduce((sum, n) => sum + n)).toBe(20000)
  const fat = await sizes('fat', { batchBytes: 300_000, batchRows: 10 })
  expect(Math.max(...fat.slice(1))).toBe(3)
  expect(fat.reduce((sum, n) => sum + n)).toBe(40)
})

test('long rows after short ones: each once, in batches of a few MiB', async () => {
  const database = await testDatabase(`
    CREATE TABLE t AS SELECT i, repeat(chr(97 + i % 26), CASE WHEN i > 1000 THEN 1500000 + i WHEN i % 100 = 0 THEN 6000000 ELSE 10 END) AS t
    FROM generate_series(1, 1030) i`)
  await reading(database.url, async (client, table) => {
    const seen: number[] = []
    for await (const batch of readRows(client, table('t'), { batchRows: 400 })) {
      const lengths = batch.map(([, text]) => (text as string).length)
      expect(lengths.reduce((sum, length) => sum + length)).toBeLessThan(12_000_000)
      for (const [i, text] of batch as [string, string][]) {
        seen.push(Number(i))
        expect(text.length).toBe(Number(i) > 1000 ? 1_500_000 + Number(i) : Number(i) % 100 === 0 ? 6_000_000 : 10)
      }
    }
    expect(seen).toEqual(Array.from({ length: 1030 }, (_, index) => index + 1))
    expect((await client.query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }])
  })
})

test('early exit among long rows: the connection is ready for the next table', async () => {
  const database = await testDatabase(`CREATE TABLE t AS SELECT repeat('x', 3000000) AS t FROM generate_series(1, 20)`)
  await reading(database.url, async (client, table) => {
    for await (const batch of readRows(client, table('t'))) {
      expect(batch.length).toBeLessThan(4)
      break
    }
    expect((await client.query('SELECT count(*)::int AS n FROM public.t')).rows).toEqual([{ n: 20 }])
  })
})

test('early exit: the connection is ready for the next table', async () => {
  const database = await testDatabase('CREATE TABLE t AS SELECT i FROM generate_series(1, 100000) i')
  await reading(database.url, async (client, table) => {
    for await (const batch of readRows(client, table('t'))) {
      expect(batch[0]).toEqual(['1'])
      break
    }
    expect((await client.query('SELECT count(*)::int AS n FROM public.t')).rows).toEqual([{ n: 100000 }])
  })
})

test('row that cannot be computed: the error has the table and the rows reached', async () => {
  const database = await testDatabase('CREATE VIEW v AS SELECT 1 / (5000 - i) AS x FROM generate_series(1, 10000) i')
  const error = await reading(database.url, (client, table) => collect(readRows(client, table('v')))).catch((e) => e)
  expect(error).toMatchObject({
    code: 'SOURCE_FAILED',
    message: expect.stringMatching(/^v, after \d{4} rows: division by zero$/),
  })
})

test('condition: applied, and refused if it is wrong', async () => {
  const database = await testDatabase('CREATE TABLE t AS SELECT i FROM generate_series(1, 10) i')
  const read = (where: string) =>
    reading(database.url, (client, table) => collect(readRows(client, table('t'), { where })))
  expect(await read('i > 8 -- the newest')).toEqual([[['9'], ['10']]])
  expect(whereClause('i > 8 -- the newest', undefined, 'i = 1 OR i = 9')).toBe(
    ' WHERE (i > 8 -- the newest\n) AND (i = 1 OR i = 9\n)',
  )
  await expect(read('nothing = 1')).rejects.toThrow('t, after 0 rows: column "nothing" does not exist')
  await expect(read('true); DELETE FROM t; --')).rejects.toThrow()
  expect((await database.query('SELECT count(*)::int AS n FROM t')).rows).toEqual([{ n: 10 }])
})

test('session: nothing can be written', async () => {
  const database = await testDatabase('CREATE TABLE t (i int)')
  await withClient(database.url, async (client) => {
    await beginSnapshot(client)
    await expect(client.query('INSERT INTO public.t VALUES (1)')).rejects.toThrow('read-only transaction')
  })
})
