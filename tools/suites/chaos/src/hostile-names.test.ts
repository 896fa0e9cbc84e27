import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { type EtlState, quoteIdentifier } from '@dwh/core'
import { filesBelow, makeSandbox, type Sandbox } from '@dwh/harness'
import { temporaryFolder, testDatabase } from '@dwh/test-kit'
import { expect, test } from 'vitest'
import { HOSTILE_NAMES } from './hostile-names.ts'

/** Control characters that a terminal obeys, except the end of a line. */
const CONTROL = /(?!\n)[\p{Cc}\u202a-\u202e]/u

/** The columns of a table are the next names in the list, so that all tables stay distinguishable. */
function columnsOf(index: number): [string, string] {
  const at = (offset: number) => HOSTILE_NAMES[(index + offset) % HOSTILE_NAMES.length] as string
  return [at(3), at(11)]
}

async function place(url: string): Promise<Sandbox> {
  return makeSandbox(await temporaryFolder(), { DATABASE_URL: url })
}

test(`${HOSTILE_NAMES.length} hostile names of tables and columns: copied and queried, nothing written elsewhere`, async () => {
  expect(new Set(HOSTILE_NAMES.map((name) => name.toLowerCase().normalize('NFC'))).size).toBe(HOSTILE_NAMES.length)
  const tables = HOSTILE_NAMES.map((name, i) => {
    const [first, second] = columnsOf(i).map(quoteIdentifier)
    return `CREATE TABLE ${quoteIdentifier(name)} (${first} int, ${second} text); INSERT INTO ${quoteIdentifier(name)} VALUES (${i}, 'value ${i}')`
  })
  const database = await testDatabase(`CREATE TABLE sentinel AS SELECT 42 AS i; ${tables.join(';')}`)
  const here = await place(database.url)
  await mkdir(join(here.root, 'outside'))
  await writeFile(join(here.root, 'outside', 'sentinel'), 'untouched')

  const ran = await here.dwh(['run'])
  expect(ran.code, ran.stderr).toBe(0)
  expect(ran.stderr + ran.stdout).not.toMatch(CONTROL)
  expect((await database.query('SELECT i FROM sentinel')).rows).toEqual([{ i: 42 }])

  // all files are in the warehouse or the cache, one for each table, with a plain copy
  const files = (await filesBelow(here.root)).map((path) => relative(here.root, path))
  const elsewhere = files.filter((path) => !/^(work\/warehouse|home\/\.cache\/dwh)\//.test(path))
  expect(elsewhere).toEqual(['outside/sentinel'])
  const parquet = files.filter((path) => path.endsWith('.parquet'))
  for (const pattern of [
    /^work\/warehouse\/[A-Za-z0-9%~.-][A-Za-z0-9_%~.-]*\/\d{4}\/\d\d\/\d\d\.parquet$/,
    /^work\/warehouse\/_dwh\/parts\/[A-Za-z0-9%~.-][A-Za-z0-9_%~.-]*\/\d{4}\/\d\d\/\d\d-[0-9TZa-f-]+\.parquet$/,
  ])
    expect(parquet.filter((path) => pattern.test(path))).toHaveLength(HOSTILE_NAMES.length + 1)
  expect(parquet).toHaveLength(2 * (HOSTILE_NAMES.length + 1))

  // values, by `dwh query`, over all tables in one statement
  const names = HOSTILE_NAMES.map((name, i) => {
    const [first, second] = columnsOf(i).map(quoteIdentifier)
    return `SELECT ${i} AS n, ${first}::VARCHAR AS a, ${second} AS b FROM ${quoteIdentifier(name)}`
  })
  await writeFile(join(here.work, 'all.sql'), `SELECT * FROM (${names.join(' UNION ALL ')}) ORDER BY n`)
  const asked = await here.dwh(['query', '--json', '--file', 'all.sql'])
  expect(asked.stderr).toBe('')
  expect(JSON.parse(asked.stdout)).toEqual(HOSTILE_NAMES.map((_, i) => ({ n: i, a: String(i), b: `value ${i}` })))
  const starred = await here.dwh(['query', `SELECT * FROM ${quoteIdentifier('\u001b[31mred\u001b[0m')}`])
  expect(starred).toMatchObject({ code: 0 })
  expect(starred.stdout).not.toMatch(CONTROL)

  // commands that list tables list all of them, once
  const described = JSON.parse((await here.dwh(['tables', '--json'])).stdout)
  const state = JSON.parse((await here.dwh(['status', '--json'])).stdout)
  expect(state.status).toBe('success')
  expect(JSON.stringify(described)).toContain('__proto__')
  for (const args of [['tables'], ['status'], ['history'], ['plan'], ['tables', '--storage', './warehouse']]) {
    const said = await here.dwh(args)
    expect(said.code, said.stderr).toBe(0)
    expect(said.stdout + said.stderr).not.toMatch(CONTROL)
  }

  // the SQL for other DuckDB programs
  const views = await here.dwh(['views'])
  expect(views.code, views.stderr).toBe(0)
  const connection = await (await DuckDBInstance.create()).connect()
  await connection.run(views.stdout)
  const found = await connection.runAndReadAll(`SELECT * FROM (${names.join(' UNION ALL ')}) ORDER BY n`)
  expect(found.getRowsJson()).toEqual(HOSTILE_NAMES.map((_, i) => [i, String(i), `value ${i}`]))
  connection.closeSync()

  // a second run replaces the day under the same names
  expect(await here.dwh(['run'])).toMatchObject({ code: 0 })
  const { tables: current }: EtlState = JSON.parse(await readFile(join(here.work, 'warehouse/etl.json'), 'utf8'))
  const keys = Object.values(current).flatMap((table) => table.files.map(({ key }) => key))
  expect(new Set(keys.map((key) => key.toLowerCase())).size).toBe(HOSTILE_NAMES.length + 1)
}, 180_000)

test.each([
  ['case', 'Orders', 'orders'],
  ['case beyond ASCII', 'ÄPFEL', 'äpfel'],
  ['Unicode form', 'caf\u00e9', 'cafe\u0301'],
])('two tables that differ by %s only: error, with the setting that renames one', async (_, one, other) => {
  const database = await testDatabase(
    `CREATE TABLE ${quoteIdentifier(one)} (i int); CREATE TABLE ${quoteIdentifier(other)} (i int)`,
  )
  const here = await place(database.url)
  const ran = await here.dwh(['run', '--json'])
  expect(ran.code).toBe(2)
  expect(JSON.parse(ran.stderr.trim().split('\n').at(-1) ?? '').error).toMatchObject({
    code: 'NAME_CONFLICT',
    hint: expect.stringContaining('name'),
  })
  expect((await filesBelow(here.work)).filter((path) => path.endsWith('.parquet'))).toEqual([])
})
