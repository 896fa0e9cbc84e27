import type { Row } from '@dwh/core'
import { testDatabase, withClient } from '@dwh/test-kit'
import type pg from 'pg'
import { expect, test } from 'vitest'
import { beginSnapshot, listTables, lockTable, readRows } from '../index.ts'
import { sessionOptions } from './session.ts'

async function readAll(client: pg.Client, name: string, where?: string): Promise<Row[]> {
  await beginSnapshot(client)
  const table = (await listTables(client)).find((found) => found.name === name)
  if (!table) throw new Error(`${name}: not listed`)
  const rows: Row[] = []
  await lockTable(client, table)
  for await (const batch of readRows(client, table, { where })) rows.push(...batch)
  return rows
}

/** Settings of a database or a role that change how values print or how statements parse. */
const HOSTILE = [
  `search_path = 'apart, public'`,
  `xmlbinary = 'hex'`,
  `bytea_output = 'escape'`,
  'standard_conforming_strings = off',
  'backslash_quote = off',
  'quote_all_identifiers = on',
  `client_encoding = 'LATIN1'`,
  `IntervalStyle = 'sql_standard'`,
  `DateStyle = 'German'`,
  `TimeZone = 'Pacific/Chatham'`,
  'extra_float_digits = -15',
  'statement_timeout = 20',
  'idle_in_transaction_session_timeout = 20',
]

test('session: names, markup, texts and times print the same, whatever the database has set', async () => {
  const database = await testDatabase(`
    CREATE SCHEMA apart;
    CREATE TABLE apart."Other" ();
    CREATE TABLE t (id int, ref regclass, name text, x xml, i interval, ts timestamptz, d date, f float8);
    INSERT INTO t VALUES (1, 'apart."Other"', E'a\\\\b\\u00e9', NULL, '-1 day +02:03', '2026-02-18 03:00Z', '2026-02-18', 0.1::float8 + 0.2::float8);
    CREATE VIEW v AS SELECT id, ref, name, xmlforest('\\x00ff'::bytea AS b)::text AS x, i, ts, d, f, '\\x00ff'::bytea AS b FROM t`)
  const expected = [
    [
      '1',
      'apart."Other"',
      'a\\bé',
      '<b>AP8=</b>',
      '-1 days +02:03:00',
      '2026-02-18 03:00:00+00',
      '2026-02-18',
      '0.30000000000000004',
      '\\x00ff',
    ],
  ]
  const read = (where?: string) => withClient(database.url, (client) => readAll(client, 'v', where))
  expect(await read()).toEqual(expected)
  for (const setting of HOSTILE) {
    await database.query(`ALTER DATABASE ${database.name} SET ${setting}`)
    // in a condition, a backslash in a text is literal
    expect(await read(`name = 'a\\bé'`), setting).toEqual(expected)
  }
})

test('session: settings left by another client of a pooler are overridden', async () => {
  const database = await testDatabase(`CREATE TABLE t AS SELECT 'Zürich €' AS name`)
  const rows = await withClient(database.url, async (client) => {
    await client.query(`SET client_encoding = 'WIN1252'`)
    return readAll(client, 't')
  })
  expect(rows).toEqual([['Zürich €']])
})

test('session: identifiers are quoted only if necessary', async () => {
  const database = await testDatabase(`
    CREATE TABLE plain (); CREATE TABLE t (ref regclass); INSERT INTO t VALUES ('plain')`)
  await database.query(`ALTER DATABASE ${database.name} SET quote_all_identifiers = on`)
  await database.query(`ALTER DATABASE ${database.name} SET search_path = public`)
  expect(await withClient(database.url, (client) => readAll(client, 't'))).toEqual([['public.plain']])
})

test('session: does not time out while it waits for its reader', async () => {
  const database = await testDatabase('CREATE TABLE t AS SELECT 1 AS id')
  await database.query(`ALTER DATABASE ${database.name} SET statement_timeout = 20`)
  await database.query(`ALTER DATABASE ${database.name} SET idle_in_transaction_session_timeout = 20`)
  await withClient(database.url, async (client) => {
    await beginSnapshot(client)
    const { rows } = await client.query(`SELECT name, setting FROM pg_catalog.pg_settings
      WHERE name IN ('statement_timeout', 'idle_in_transaction_session_timeout') ORDER BY name`)
    expect(rows.map(({ setting }) => setting)).toEqual(['0', '0'])
    // longer than both timeouts
    await client.query('SELECT pg_catalog.pg_sleep(0.1)')
  })
})

test('session: row security that hides rows is an error', async () => {
  const database = await testDatabase(`
    CREATE TABLE t (id int); INSERT INTO t VALUES (1), (2);
    ALTER TABLE t ENABLE ROW LEVEL SECURITY;
    CREATE POLICY first_only ON t USING (id = 1)`)
  const role = `reader_${database.name}`
  await database.query(`CREATE ROLE ${role} LOGIN PASSWORD 'x'; GRANT SELECT ON t TO ${role}`)
  try {
    const url = new URL(database.url)
    url.username = role
    url.password = 'x'
    const read = withClient(url.href, async (client) => {
      await beginSnapshot(client)
      const rows: Row[] = []
      const table = (await listTables(client)).find(({ name }) => name === 't')
      if (!table) throw new Error('not listed')
      for await (const batch of readRows(client, table)) rows.push(...batch)
      return rows
    })
    await expect(read).rejects.toMatchObject({ code: 'SOURCE_DENIED', message: expect.stringContaining('t') })
  } finally {
    await database.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
  }
})

test('session: its settings as startup options have the same effect', async () => {
  const database = await testDatabase('CREATE TABLE t AS SELECT 1 AS id')
  const [own, ours] = await Promise.all([
    withClient(`${database.url}?options=${encodeURIComponent(sessionOptions(1234))}`, settings),
    withClient(database.url, async (client) => {
      await beginSnapshot(client, { lockTimeoutMs: 1234 })
      return settings(client)
    }),
  ])
  expect(own).toEqual(ours)
})

async function settings(client: pg.Client): Promise<unknown[]> {
  const { rows } = await client.query(`SELECT name, replace(setting, '""', '') AS setting FROM pg_catalog.pg_settings
    WHERE name IN ('client_encoding', 'search_path', 'TimeZone', 'DateStyle', 'IntervalStyle', 'bytea_output', 'xmlbinary',
      'extra_float_digits', 'standard_conforming_strings', 'quote_all_identifiers', 'row_security', 'synchronize_seqscans',
      'statement_timeout', 'idle_in_transaction_session_timeout', 'lock_timeout') ORDER BY name`)
  return rows
}
