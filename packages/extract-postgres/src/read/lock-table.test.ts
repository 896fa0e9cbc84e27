import { detachHalfway, type TestDatabase, testDatabase, withClient } from '@dwh/test-kit'
import { expect, test } from 'vitest'
import { beginSnapshot, exportSnapshot, listTables, lockTable, type PgTable } from '../index.ts'
import { changedChildren } from './lock-table.ts'

const TABLES = `
  CREATE TABLE t AS SELECT i FROM generate_series(1, 10) i;
  CREATE TABLE m (n int) PARTITION BY LIST (n); CREATE TABLE m1 PARTITION OF m FOR VALUES IN (1); CREATE TABLE m2 PARTITION OF m FOR VALUES IN (2);
  INSERT INTO m VALUES (1), (2); CREATE TABLE m3 AS SELECT 3 AS n; CREATE TABLE parent (i int); CREATE TABLE child () INHERITS (parent);
  CREATE TABLE u (i int); CREATE TABLE w (gross numeric(10,2), net numeric(10,2));
  CREATE MATERIALIZED VIEW mv AS SELECT 1 AS one; CREATE VIEW v AS SELECT * FROM t`

/** Takes the snapshot, runs `change`, then locks the table in another session that imports the snapshot. */
async function lockAfter(database: TestDatabase, name: string, change: string): Promise<void> {
  await withClient(database.url, async (holder) => {
    await beginSnapshot(holder)
    const { id } = await exportSnapshot(holder)
    const table = (await listTables(holder)).find((candidate) => candidate.name === name) as PgTable
    if (change) await database.query(change)
    await withClient(database.url, async (worker) => {
      await beginSnapshot(worker, { snapshotId: id, lockTimeoutMs: 200 })
      await lockTable(worker, table)
    })
  })
}

test.each(['t', 'm', 'parent', 'mv', 'v'])('%s unchanged, or with changed rows only: locked', async (name) => {
  const database = await testDatabase(TABLES)
  await lockAfter(database, name, '')
  await lockAfter(
    database,
    name,
    'INSERT INTO t VALUES (11); DELETE FROM m; ANALYZE; CREATE INDEX ON t (i); ALTER TABLE t ADD COLUMN late int',
  )
})

test.each([
  ['t', 'TRUNCATE t'],
  ['u', 'ALTER TABLE u ALTER COLUMN i TYPE bigint'],
  ['m', 'TRUNCATE m1'],
  ['m', 'ALTER TABLE m ATTACH PARTITION m3 FOR VALUES IN (3)'],
  ['m', 'ALTER TABLE m DETACH PARTITION m2'],
  ['m', 'DROP TABLE m2'],
  ['parent', 'TRUNCATE child'],
  ['mv', 'REFRESH MATERIALIZED VIEW mv'],
  ['u', 'CREATE TABLE u2 AS SELECT 1 AS i; ALTER TABLE u RENAME TO u1; ALTER TABLE u2 RENAME TO u'],
  ['u', 'ALTER SCHEMA public RENAME TO old; CREATE SCHEMA public; CREATE TABLE public.u (i int)'],
  ['u', 'ALTER TABLE u DROP i; ALTER TABLE u ADD i int DEFAULT 5'],
  ['u', 'ALTER TABLE u RENAME i TO j'],
  ['u', 'DROP TABLE u'],
  ['w', 'ALTER TABLE w RENAME gross TO x; ALTER TABLE w RENAME net TO gross; ALTER TABLE w RENAME x TO net'],
  ['parent', 'ALTER TABLE child NO INHERIT parent'],
  ['parent', 'ALTER TABLE u INHERIT parent'],
])('%s after %s: refused', async (name, change) => {
  const database = await testDatabase(TABLES)
  await expect(lockAfter(database, name, change)).rejects.toMatchObject({
    code: 'SOURCE_CHANGED',
    hint: expect.stringContaining('Run again'),
  })
})

test('truncated table without the check: reads as empty', async () => {
  const database = await testDatabase(TABLES)
  await withClient(database.url, async (holder) => {
    await beginSnapshot(holder)
    const { id } = await exportSnapshot(holder)
    await database.query('TRUNCATE t')
    await withClient(database.url, async (worker) => {
      await beginSnapshot(worker, { snapshotId: id })
      expect((await worker.query('SELECT count(*)::int AS n FROM public.t')).rows).toEqual([{ n: 0 }])
    })
  })
})

test('interrupted DETACH PARTITION: partition and parent are locked', async () => {
  const database = await testDatabase(TABLES)
  await detachHalfway(database, 'm', 'm2')
  await lockAfter(database, 'm', '')
  await lockAfter(database, 'm2', '')
})

test('temporary child of another session: the parent is locked', async () => {
  const database = await testDatabase(TABLES)
  await withClient(database.url, async (client) => {
    await client.query('CREATE TEMP TABLE passing () INHERITS (parent)')
    await lockAfter(database, 'parent', '')
  })
})

test('custom node of an extension: a missing child is a change, other tables are not', () => {
  const scan = (name: string, more: object = {}) => ({
    'Node Type': 'Seq Scan',
    Schema: 's',
    'Relation Name': name,
    ...more,
  })
  const compressed = { ...scan('chunk_1'), 'Node Type': 'Custom Scan', Plans: [scan('compress_1')] }
  const changes = (...plans: object[]) =>
    changedChildren(
      { schema: 's', name: 'metrics' },
      ['chunk_1', 'chunk_2'].map((name) => ({ schema: 's', name })),
      [{ 'QUERY PLAN': [{ Plan: { 'Node Type': 'Append', Plans: plans } }] }],
    )
  expect(changes(compressed, scan('chunk_2'))).toEqual([])
  expect(changes(compressed)).toEqual(['s.chunk_2'])
  expect(changes(compressed, scan('chunk_2'), scan('chunk_3'))).toEqual(['s.chunk_3'])
})
