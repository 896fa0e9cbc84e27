import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { temporaryFolder } from '@dwh/test-kit'
import { expect, onTestFinished, test } from 'vitest'
import { type TestWarehouse, testWarehouse } from './test-support.ts'
import { viewsSql } from './views-script.ts'

interface OtherDatabase {
  /** Runs statements; returns the rows of the last one. */
  run(...statements: string[]): Promise<unknown[][]>
  /** Closes the database and opens its file again. */
  reopen(): Promise<void>
}

/** A DuckDB that has nothing to do with the warehouse, in a file. */
async function otherDatabase(): Promise<OtherDatabase> {
  const path = join(await temporaryFolder(), 'my.duckdb')
  let instance = await DuckDBInstance.create(path)
  let connection = await instance.connect()
  const close = () => {
    connection.closeSync()
    instance.closeSync()
  }
  onTestFinished(close)
  return {
    async run(...statements) {
      let rows: unknown[][] = []
      for (const sql of statements) rows = (await connection.runAndReadAll(sql)).getRowsJson()
      return rows
    },
    async reopen() {
      close()
      instance = await DuckDBInstance.create(path)
      connection = await instance.connect()
    },
  }
}

async function shop(): Promise<TestWarehouse> {
  const house = await testWarehouse()
  await house.write({ name: 'orders' }, 'SELECT 1 AS id')
  await house.write({ name: 'legacy' }, 'SELECT 2 AS id')
  await house.write({ schema: 'Billing, "old"', name: "it's" }, 'SELECT 3 AS id')
  return house
}

/** The script for the tables that these names are left of; all others have left. */
function scriptFor({ root, state }: TestWarehouse, ...left: string[]): string {
  const all = Object.entries(state.tables)
  return viewsSql(
    Object.fromEntries(left.length === 0 ? all : all.filter(([name]) => left.includes(name))),
    (key) => join(root, key),
    { formerTables: all.map(([name]) => name) },
  )
}

const VIEWS = 'SELECT schema_name, view_name FROM duckdb_views() WHERE NOT internal ORDER BY ALL'

test('views: a table that has left, its view is dropped by the next script, also after the database was closed', async () => {
  const house = await shop()
  const other = await otherDatabase()
  await other.run(scriptFor(house))
  expect(await other.run(VIEWS)).toEqual([
    ['Billing, "old"', "it's"],
    ['main', 'legacy'],
    ['main', 'orders'],
  ])
  await other.reopen()
  await other.run(scriptFor(house, 'orders'), scriptFor(house, 'orders'))
  expect(await other.run(VIEWS)).toEqual([['main', 'orders']])
  expect(await other.run('FROM orders')).toEqual([[1]])
  // and it may come back
  expect(await other.run(scriptFor(house), 'FROM legacy')).toEqual([[2]])
})

test('views: of your own with the name of a table that has left, stay', async () => {
  const house = await shop()
  const other = await otherDatabase()
  await other.run(scriptFor(house))
  await other.run(
    'CREATE OR REPLACE VIEW legacy AS SELECT 42 AS mine',
    'CREATE SCHEMA x',
    'CREATE TABLE x.legacy (i INT)',
  )
  await other.run(scriptFor(house, 'orders'))
  expect(await other.run('FROM legacy')).toEqual([[42]])
  expect(await other.run('SELECT count(*)::INT FROM x.legacy')).toEqual([[0]])
})

test.each(['CREATE VIEW "Orders" AS SELECT 42 AS mine', 'CREATE TABLE orders AS SELECT 42 AS mine'])(
  'views: the name of a table is taken by %s, the script stops and changes nothing',
  async (sql) => {
    const house = await shop()
    const other = await otherDatabase()
    await other.run(sql)
    await expect(other.run(scriptFor(house))).rejects.toThrow(/not made by this script: main\.orders\. Rename it/i)
    await other.run('ROLLBACK')
    expect(
      await other.run(
        'SELECT mine, (SELECT count(*)::INT FROM duckdb_views() WHERE NOT internal AND comment IS NOT NULL) FROM orders',
      ),
    ).toEqual([[42, 0]])
  },
)

test('views: a temporary view hides one of a table that has left, the script stops', async () => {
  const house = await shop()
  const other = await otherDatabase()
  await other.run(scriptFor(house), 'CREATE TEMP VIEW legacy AS SELECT 42 AS mine')
  await expect(other.run(scriptFor(house, 'orders'))).rejects.toThrow('main.legacy')
  await other.run('ROLLBACK')
  expect(await other.run('FROM legacy')).toEqual([[42]])
  // of a table that is there, it is no matter
  await other.run('CREATE TEMP VIEW orders AS SELECT 43 AS mine', scriptFor(house))
  expect(await other.run('FROM orders')).toEqual([[43]])
})

test('views: the database that USE has chosen gets them; search path and variables stay as they were', async () => {
  const house = await shop()
  const other = await otherDatabase()
  await other.run(scriptFor(house), 'ATTACH \':memory:\' AS "an other"', 'USE "an other"')
  await other.run(scriptFor(house), scriptFor(house, 'orders'))
  expect(
    await other.run(`SELECT database_name, view_name FROM duckdb_views() WHERE NOT internal ORDER BY ALL`),
  ).toEqual([
    ['an other', 'orders'],
    ['my', "it's"],
    ['my', 'legacy'],
    ['my', 'orders'],
  ])
  expect(await other.run('SELECT current_database(), current_schema()')).toEqual([['an other', 'main']])
  expect(await other.run('FROM duckdb_variables()')).toEqual([])
  expect(await other.run(`SELECT schema_name FROM duckdb_schemas() WHERE schema_name = '_dwh'`)).toEqual([])
})

test('views: each says its day and run; the first lines of the script say where they are from', async () => {
  const house = await shop()
  const sql = viewsSql(house.state.tables, (key) => join(house.root, key), {
    title: 'Views of run r1, as of 2026-02-18',
    warehouse: 'a\nfolder',
  })
  expect(sql.split('\n').slice(0, 2)).toEqual(['-- Views of run r1, as of 2026-02-18', '-- Warehouse: a\\nfolder'])
  const other = await otherDatabase()
  await other.run(sql)
  expect(await other.run(`SELECT DISTINCT comment FROM duckdb_views() WHERE comment LIKE 'dwh: %'`)).toEqual([
    ['dwh: as of 2026-02-18, run r1'],
  ])
})

test('views: names that differ only in case from one that has left, stay', async () => {
  const house = await shop()
  const other = await otherDatabase()
  const sql = viewsSql({ orders: house.state.tables.orders as never }, (key) => join(house.root, key), {
    formerTables: ['ORDERS', '_dwh.orders', 'temp.orders'],
  })
  expect(await other.run(sql, sql, 'FROM orders')).toEqual([[1]])
})
