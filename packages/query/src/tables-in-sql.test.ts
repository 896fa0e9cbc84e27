import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { formatTableName, quoteIdentifier } from '@dwh/core'
import { temporaryFolder } from '@dwh/test-kit'
import { expect, onTestFinished, test } from 'vitest'
import { type CommittedFiles, localFiles, openSession } from './index.ts'
import { ask, testWarehouse } from './test-support.ts'

const ROWS = `SELECT i AS id, ['x', 'y', 'z'][1 + i % 3] AS k, i * 1.5 AS v, [i, i + 1] AS l FROM range(6) t(i)`
const HOSTILE = [`o'b`, 'we "ird', 'a.b', "''", 'x\ny', '🦆', '\\"', 'a*[b]']

/** Opens a session over some tables; `opened` collects the tables whose files it opens. */
async function open() {
  const house = await testWarehouse()
  for (const name of ['a', 'b', 'c', 'Customers', ...HOSTILE]) await house.write({ name }, ROWS)
  await house.write({ schema: 'billing', name: 'invoices' }, ROWS)
  const opened: string[] = []
  const names = new Map(
    Object.entries(house.state.tables).flatMap(([name, { files }]) => files.map(({ key }) => [key, name])),
  )
  const local = localFiles({ store: house.store, readState: async () => house.state })
  const files: Pick<CommittedFiles, 'open'> = {
    open(file, signal) {
      opened.push(names.get(file.key) ?? file.key)
      return local.open(file, signal)
    },
  }
  const session = await openSession({ tables: house.state.tables, files })
  onTestFinished(() => session.close())
  return { house, session, opened }
}

/** Statements of each shape, each with the tables whose files it needs. */
const SHAPES: [sql: string, ...tables: string[]][] = [
  ['SELECT 1'],
  ['FROM a', 'a'],
  ['FROM A SELECT ID', 'a'],
  ['TABLE a', 'a'],
  ['FROM customers', 'Customers'],
  ['FROM public.a', 'a'],
  ['FROM Public.A', 'a'],
  ['FROM memory.a', 'a'],
  ['FROM memory.public.a', 'a'],
  ['FROM billing.invoices', 'billing.invoices'],
  ['FROM "BILLING"."Invoices"', 'billing.invoices'],
  ['FROM memory.billing.invoices', 'billing.invoices'],
  ...HOSTILE.map((name): [string, string] => [
    `FROM ${quoteIdentifier(name)}`,
    formatTableName({ schema: 'public', name }),
  ]),
  ['WITH x AS (SELECT * FROM a JOIN b USING (id)) SELECT * FROM x', 'a', 'b'],
  ['WITH x AS MATERIALIZED (FROM a) FROM x, b', 'a', 'b'],
  ['WITH a AS (SELECT 1 AS id) FROM a'],
  ['WITH RECURSIVE r AS (SELECT id FROM a UNION ALL SELECT id + 1 FROM r WHERE id < 3) FROM r', 'a'],
  ['FROM a, LATERAL (SELECT * FROM b WHERE b.id = a.id)', 'a', 'b'],
  ['SELECT (SELECT max(id) FROM b) FROM a', 'a', 'b'],
  ['SELECT id IN (SELECT id FROM b) FROM a', 'a', 'b'],
  ['SELECT id IN (1, (SELECT max(id) FROM b)) FROM a', 'a', 'b'],
  ['FROM a WHERE EXISTS (FROM b WHERE b.id = a.id)', 'a', 'b'],
  ['SELECT CASE WHEN (SELECT count(*) FROM b) = 0 THEN 1 ELSE (SELECT max(id) FROM customers) END', 'b', 'Customers'],
  ['SELECT sum(v) FILTER (id IN (SELECT id FROM b)) FROM a', 'a', 'b'],
  ['FROM a POSITIONAL JOIN b', 'a', 'b'],
  ['FROM a SEMI JOIN b USING (id)', 'a', 'b'],
  ['FROM a ANTI JOIN b USING (id)', 'a', 'b'],
  ['FROM a ASOF JOIN b ON a.id >= b.id', 'a', 'b'],
  ['SELECT a.id FROM a LEFT JOIN b USING (id)', 'a', 'b'],
  ['FROM a UNION FROM b', 'a', 'b'],
  ['FROM a EXCEPT FROM b', 'a', 'b'],
  ['SELECT row_number() OVER (ORDER BY id) FROM a QUALIFY 1 = 1', 'a'],
  ['SELECT unnest(l) FROM a', 'a'],
  ['FROM a TABLESAMPLE 50%', 'a'],
  ['PIVOT a ON k USING sum(v)', 'a'],
  ['FROM (PIVOT a ON k USING sum(v))', 'a'],
  [`PIVOT a ON k IN ('x') USING sum(v)`, 'a'],
  ['PIVOT (FROM a JOIN b USING (id, k)) ON k USING count(*)', 'a', 'b'],
  ['UNPIVOT a ON id, v', 'a'],
  [`SELECT COLUMNS('^i') FROM a`, 'a'],
  ['SELECT min(COLUMNS(* EXCLUDE (l))) FROM a', 'a'],
  [`FROM query('FROM a')`, 'a'],
  [`FROM query_table('a')`, 'a'],
  ['SUMMARIZE a', 'a'],
  ['DESCRIBE a'],
  ['SHOW TABLES'],
  ['EXPLAIN FROM a', 'a'],
  ['EXPLAIN ANALYZE FROM a', 'a'],
  ['-- why\n /* is it */ EXPLAIN (FORMAT json) FROM a', 'a'],
  ['EXPLAIN (FROM a)', 'a'],
  ['CREATE TABLE own AS FROM a', 'a'],
  ['CREATE TEMP TABLE own AS FROM a', 'a'],
  ['INSERT INTO kept SELECT id FROM b', 'b'],
  ['UPDATE kept SET id = (SELECT max(id) FROM b)', 'b'],
  ['DELETE FROM kept WHERE id IN (SELECT id FROM a)', 'a'],
  ['MERGE INTO kept USING a ON kept.id = a.id WHEN MATCHED THEN DELETE', 'a'],
  ['SET VARIABLE x = (SELECT max(id) FROM a)', 'a'],
  ['FROM c'],
  ['FROM two', 'a', 'billing.invoices'],
  ['SELECT more(1)', 'a'],
  ['FROM rows_of()', 'b'],
  ['PREPARE q AS FROM b; EXECUTE q; DEALLOCATE q', 'b'],
  [`PREPARE q AS FROM a JOIN b USING (id) WHERE a.k = $1; EXECUTE q('x'); DEALLOCATE q`, 'a', 'b'],
  ['FROM other.t'],
  ['SELECT id FROM a LIMIT 0'],
]

/** Objects that a session may have created. */
const OWN = [
  'CREATE TEMP TABLE c AS SELECT 1 AS id',
  'CREATE TABLE kept (id BIGINT)',
  'CREATE VIEW one AS FROM a JOIN billing.invoices USING (id)',
  'CREATE VIEW two AS FROM one',
  'CREATE MACRO more(x) AS (SELECT count(*) + x FROM a)',
  'CREATE MACRO rows_of() AS TABLE FROM b',
  `ATTACH ':memory:' AS other`,
  'CREATE TABLE other.t AS SELECT 1 AS id',
]

test('the tables of a statement: only the files that it reads are opened', async () => {
  for (const transaction of [false, true]) {
    const { house, session, opened } = await open()
    for (const sql of OWN) await session.queryAll(sql)
    expect(opened).toEqual([])
    for (const [sql, ...tables] of SHAPES) {
      opened.length = 0
      await session.show({})
      await session.show(house.state.tables)
      if (transaction) await session.queryAll('BEGIN')
      await session.queryAll(sql)
      if (transaction) await session.queryAll('ROLLBACK')
      expect([...new Set(opened)].sort(), `${sql}, ${transaction ? 'in' : 'outside of'} a transaction`).toEqual(
        [...tables].sort(),
      )
      await session.queryAll('DROP TABLE IF EXISTS own')
    }
  }
})

test('a PIVOT with columns from the values, among other statements: each answers', async () => {
  const { session } = await open()
  const answers: string[] = []
  for await (const { columns, rows } of session.query(
    'SELECT 1 AS n; PIVOT a ON k USING count(*) GROUP BY l; SELECT 2',
  )) {
    answers.push(columns.map(({ name }) => name).join())
    for await (const _ of rows);
  }
  expect(answers).toEqual(['n', 'l,x,y,z', '2'])
})

test('COPY of a query: the file is written once, with the rows', async () => {
  const { session, opened } = await open()
  const path = join(await temporaryFolder(), 'out.csv')
  await session.queryAll(`COPY (SELECT id FROM a WHERE id < 2) TO '${path}'`)
  expect(await readFile(path, 'utf8')).toBe('id\n0\n1\n')
  expect(opened).toEqual(['a'])
})

test('a wrong statement: its own error, and no file is opened', async () => {
  const { session, opened } = await open()
  await expect(session.queryAll('FROM nowhere')).rejects.toThrow('nowhere does not exist')
  await expect(session.queryAll('SELECT nothing FROM a')).rejects.toThrow('nothing')
  await expect(session.queryAll('EXPLAIN EXPLAIN FROM a')).rejects.toThrow('syntax error')
  expect(opened).toEqual([])
})

test('a damaged table in the text of a statement: does not prevent reading another table', async () => {
  const { house, session } = await open()
  const [file] = house.state.tables.b?.files ?? []
  await writeFile(join(house.root, file?.key ?? ''), 'damaged')
  expect(await ask(session, `SELECT count(*), 'b' FROM a`)).toEqual([['6', 'b']])
  await expect(session.queryAll('FROM b')).rejects.toMatchObject({ code: 'DAMAGED' })
})

test('a thousand tables: a statement that reads none is planned immediately', async () => {
  const house = await testWarehouse()
  const entry = await house.write({ name: 't' }, ROWS)
  const tables = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`t${i}`, entry]))
  let opened = 0
  const local = localFiles({ store: house.store, readState: async () => house.state })
  const files: Pick<CommittedFiles, 'open'> = {
    open(...args) {
      opened += 1
      return local.open(...args)
    },
  }
  const session = await openSession({ tables, files })
  onTestFinished(() => session.close())
  expect(await ask(session, 'SELECT 1')).toEqual([['1']])
  expect(opened).toBe(0)
  expect(await ask(session, 'SELECT count(*) FROM t7 JOIN T8 USING (id)')).toEqual([['6']])
  expect(opened).toBe(2)
})
