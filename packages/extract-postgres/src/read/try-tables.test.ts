import type { SourceSnapshot, TriedTable } from '@dwh/core'
import { type TestDatabase, testDatabase, withClient } from '@dwh/test-kit'
import { expect, onTestFinished, test } from 'vitest'
import { postgresSource } from '../index.ts'

async function open(database: TestDatabase): Promise<SourceSnapshot> {
  const snapshot = await postgresSource({ connection: database.url }).open()
  onTestFinished(() => snapshot.close())
  return snapshot
}

/** Tries every table, and returns the outcomes by name. */
async function tryAll(snapshot: SourceSnapshot, tableMs = 500, where?: string): Promise<Map<string, TriedTable>> {
  const tried = new Map<string, TriedTable>()
  const reads = (await snapshot.tables()).map((table) => ({ table, where }))
  await snapshot.tryTables?.(reads, { tableMs }, (each) => tried.set(each.table.name, each))
  return tried
}

function outcomes(tried: Map<string, TriedTable>): Record<string, string> {
  return Object.fromEntries([...tried].map(([name, { outcome }]) => [name, outcome]).sort())
}

const FOREIGN = `CREATE EXTENSION postgres_fdw; CREATE SERVER here FOREIGN DATA WRAPPER postgres_fdw;
  CREATE FOREIGN TABLE far (n int) SERVER here; CREATE TABLE m (n int) PARTITION BY LIST (n);
  CREATE FOREIGN TABLE m1 PARTITION OF m FOR VALUES IN (1) SERVER here; CREATE TABLE near (n int)`

test('foreign table or partition without a user mapping: fails as in a run, the others are read', async () => {
  const snapshot = await open(await testDatabase(FOREIGN))
  const tried = await tryAll(snapshot)
  expect(outcomes(tried)).toEqual({ far: 'failed', m: 'failed', near: 'read' })
  const [far] = (await snapshot.tables()).filter(({ name }) => name === 'far')
  const reading = snapshot.read(far!).rows[Symbol.asyncIterator]().next()
  await expect(reading).rejects.toMatchObject({ message: tried.get('far')?.error?.message })
  expect(tried.get('far')?.error?.message).toMatch(/^far: user mapping not found/)
})

test('unsendable value, failing view, invalid condition: each fails alone', async () => {
  const database = await testDatabase(`CREATE TABLE a AS SELECT 1 AS i; CREATE TABLE z AS SELECT 1 AS i;
    CREATE VIEW broken AS SELECT 1 / i AS i FROM (SELECT 0 AS i FROM a) t; CREATE VIEW slow AS SELECT 1 AS i FROM pg_sleep(600);
    CREATE TABLE empty (i int); CREATE MATERIALIZED VIEW unfilled AS SELECT 1 AS i WITH NO DATA`)
  const tried = await tryAll(await open(database))
  expect(outcomes(tried)).toEqual({
    a: 'read',
    broken: 'failed',
    empty: 'read',
    slow: 'slow',
    unfilled: 'failed',
    z: 'read',
  })
  expect(tried.get('broken')?.error?.message).toBe('broken: division by zero')
  expect(outcomes(await tryAll(await open(database), 500, 'nothing > 1')).a).toBe('failed')
})

test('locked table, index, or prepared transaction: the error has the holder and the statement that ends it', async () => {
  const database =
    await testDatabase(`CREATE TABLE a AS SELECT 1 AS i; CREATE TABLE b (i int PRIMARY KEY); CREATE TABLE c (i int);
    CREATE VIEW over_a AS SELECT i FROM a; CREATE TABLE d (i int)`)
  const prepared = `of_${database.name}`
  await database.query(`BEGIN; LOCK TABLE c IN ACCESS EXCLUSIVE MODE; PREPARE TRANSACTION '${prepared}'`)
  await withClient(`${database.url}?application_name=migration`, async (client) => {
    // the statement that frees the tables ends this session
    client.on('error', () => {})
    await client.query('BEGIN; LOCK TABLE a IN ACCESS EXCLUSIVE MODE; REINDEX INDEX b_pkey')
    const [{ pid }] = (await client.query('SELECT pg_backend_pid() AS pid')).rows
    const tried = await tryAll(await open(database), 1_000)
    expect(outcomes(tried)).toEqual({ a: 'locked', b: 'locked', c: 'locked', d: 'read', over_a: 'locked' })
    const messages = Object.fromEntries([...tried].map(([name, { error }]) => [name, error?.message]))
    const who = new RegExp(`by pid ${pid} \\(.*application migration, since \\d{4}-.*Z\\)$`)
    expect(messages.a).toMatch(who)
    expect(messages.b).toMatch(/^b: b_pkey, which it reads, is locked by pid/)
    expect(messages.over_a).toMatch(/^over_a: a, which it reads, is locked by pid/)
    expect(messages.c).toContain(`locked by the prepared transaction ${prepared}`)
    expect(tried.get('a')?.error?.context.sql).toBe(`SELECT pg_terminate_backend(${pid});`)
    await database.query(String(tried.get('c')?.error?.context.sql))
    await database.query(String(tried.get('a')?.error?.context.sql))
  })
  expect(new Set(Object.values(outcomes(await tryAll(await open(database)))))).toEqual(new Set(['read']))
})

test('run that waits for a lock in vain: the error names the holder', async () => {
  const database = await testDatabase('CREATE TABLE a AS SELECT 1 AS i')
  const snapshot = await postgresSource({ connection: database.url, lockTimeoutMs: 100 }).open()
  onTestFinished(() => snapshot.close())
  const [a] = await snapshot.tables()
  await withClient(database.url, async (client) => {
    await client.query('BEGIN; ALTER TABLE a ADD COLUMN late int')
    const reading = snapshot.read(a!).rows[Symbol.asyncIterator]().next()
    await expect(reading).rejects.toMatchObject({
      code: 'SOURCE_FAILED',
      message: expect.stringMatching(/^a: locked by pid \d+ \(ALTER TABLE, role /),
      hint: expect.stringContaining('SELECT pg_terminate_backend('),
    })
  })
})

test('1,000 tables: tried in a few seconds, no lock left', async () => {
  const database = await testDatabase(`DO $$ BEGIN FOR i IN 1..1000 LOOP
    EXECUTE format('CREATE TABLE t%s AS SELECT %s AS id', i, i); END LOOP; END $$`)
  const snapshot = await open(database)
  await snapshot.tables()
  const startedAt = performance.now()
  const tried = await tryAll(snapshot, 5_000)
  expect(performance.now() - startedAt).toBeLessThan(30_000)
  expect([...tried.values()].filter(({ outcome }) => outcome === 'read').length).toBe(1000)
  const locks = `SELECT count(*)::int AS n FROM pg_locks l JOIN pg_class c ON c.oid = l.relation WHERE c.relname ~ '^t[0-9]+$'`
  expect((await database.query(locks)).rows).toEqual([{ n: 0 }])
})

test('abort: trials end, earlier results were reported', async () => {
  const database = await testDatabase('CREATE TABLE a (i int); CREATE VIEW slow AS SELECT 1 AS i FROM pg_sleep(600)')
  const snapshot = await open(database)
  const ended = new AbortController()
  const reads = (await snapshot.tables()).map((table) => ({ table }))
  const told: string[] = []
  const trying = snapshot.tryTables?.(reads, { tableMs: 600_000, signal: ended.signal }, ({ table }) => {
    told.push(table.name)
    ended.abort()
  })
  await expect(trying).rejects.toMatchObject({ code: 'ABORTED' })
  expect(told).toEqual(['a'])
})

test('abort from the callback: nothing more is tried', async () => {
  const tables = Array.from({ length: 90 }, (_, i) => `CREATE TABLE t${i} (n int)`)
  const snapshot = await open(await testDatabase(tables.join('; ')))
  const reads = (await snapshot.tables()).map((table) => ({ table, where: undefined }))
  let told = 0
  const enough = () => {
    told += 1
    throw new Error('enough')
  }
  await expect(snapshot.tryTables?.(reads, { tableMs: 500 }, enough)).rejects.toThrow('enough')
  const before = told
  await new Promise((resolve) => setTimeout(resolve, 200))
  expect(told).toBe(before)
})
