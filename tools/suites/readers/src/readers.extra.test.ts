import { execFile } from 'node:child_process'
import { readFile, realpath, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Misreading, Reader } from '@dwh/core'
import { suiteCount, TOOLS_CACHE, testDatabase, unpackedJava } from '@dwh/test-kit'
import { expect, test } from 'vitest'
import { CASES, type Case, casesSql } from './cases.ts'
import { duckdbValues } from './duckdb-values.ts'
import { ENGINES, type Engine } from './engines.ts'
import { type MadeWarehouse, makeWarehouse } from './made-warehouse.ts'
import { knownMisreading, misreadingOf } from './misreading-of.ts'
import { ROWS, readersTable } from './readers-table.ts'

/*
 * The files of `dwh run`, read by the real programs: each value is compared with what DuckDB holds. The outcomes are those of the table in
 * @dwh/core, and those of docs/readers.md, into which `DOCS=write` puts them. With `readers`, each program gets every value, or the run
 * names the column. A smaller size takes fewer programs.
 */

const PAGE = new URL('../../../../docs/readers.md', import.meta.url)
const BLOCK = /(<!-- what each reader does; made by `pnpm suite readers` -->\n\n)[\s\S]*?(\n\n<!-- end -->)/
const TIMEOUT_MS = 1_800_000

const engines = ENGINES.slice(0, suiteCount('readers'))

test('readers: files of every type, read by each program, as the table of gaps and docs/readers.md say', {
  timeout: TIMEOUT_MS,
}, async () => {
  const database = await testDatabase(casesSql(CASES))
  const warehouse = await makeWarehouse(database, {})
  expect(
    Object.values(warehouse.files)
      .map(({ types }) => types.v)
      .sort(),
    warehouse.said,
  ).toEqual(CASES.map(({ stored }) => stored).sort())
  const outcomes = new Map<Reader, ReadonlyMap<string, Misreading | null>>()
  for (const engine of engines) {
    const found = await outcomesOf(engine, warehouse)
    const wrong = CASES.flatMap((each) => {
      const [known, seen] = [knownMisreading(engine.reader, each), found.get(each.table) ?? null]
      return known === seen ? [] : [`${each.table}: ${seen ?? 'exact'}, not ${known ?? 'exact'}`]
    })
    expect(wrong, engine.title).toEqual([])
    outcomes.set(engine.reader, found)
  }
  const table = readersTable(engines, outcomes)
  process.stdout.write(`\n${table}\n`)
  if (!all) return
  const page = await readFile(PAGE, 'utf8')
  expect(page).toMatch(BLOCK)
  const written = page.replace(BLOCK, (_, before, after) => `${before}${table}${after}`)
  if (process.env.DOCS === 'write') await writeFile(PAGE, written)
  expect(written).toBe(process.env.DOCS === 'write' ? written : page)
})

test('readers: each table of cases has a row on the page', () => {
  const shown = new Set(ROWS.flatMap(({ tables }) => tables))
  expect(CASES.map(({ table }) => table).filter((table) => !table.startsWith('list_of_') && !shown.has(table))).toEqual(
    [],
  )
})

const all = engines.length === ENGINES.length
const ASKED: readonly (readonly Reader[])[] = all
  ? [...engines.map(({ reader }) => [reader]), ['spark', 'clickhouse']]
  : engines.slice(-1).map(({ reader }) => [reader])

if (all)
  test('java: the one of Debian starts from where it was unpacked', { timeout: TIMEOUT_MS }, async () => {
    const home = await unpackedJava()
    // also where this machine has the same Java installed
    expect(await realpath(join(home, 'conf/security/java.security'))).toContain(await realpath(TOOLS_CACHE))
    const { stderr } = await promisify(execFile)(join(home, 'bin/java'), [
      '-XshowSettings:security:properties',
      '-version',
    ])
    expect(stderr).toContain('crypto.policy=unlimited')
  })

test.each(ASKED.map((readers) => [readers.join(', '), readers] as const))(
  'readers: [%s]: every value is read exactly, or the run names its column',
  { timeout: TIMEOUT_MS },
  (_, readers) => exactOrNamed(readers),
)

async function exactOrNamed(readers: readonly Reader[]): Promise<void> {
  const database = await testDatabase(casesSql(CASES))
  const special = CASES.filter(({ special: values }) => values !== null)
  const needed = special.filter((each) => refusedFor(readers, each))
  const first = await makeWarehouse(database, { readers, on_table_error: 'keep-previous' })
  for (const { table } of needed) {
    expect(first.said).toMatch(new RegExp(`${table}: column v: .*(${readers.join('|')}) `))
    expect(first.said).toMatch(new RegExp(`Set columns\\.types\\.v of table ${table}: text `))
  }
  expect(
    CASES.map(({ table }) => table)
      .filter((table) => !first.files[table])
      .sort(),
    first.said,
  ).toEqual(needed.map(({ table }) => table).sort())
  await expectExact(readers, first)
  // as the hints say
  const tables = Object.fromEntries(needed.map(({ table }) => [table, { columns: { types: { v: choiceOf(table) } } }]))
  const second = await makeWarehouse(database, { readers, tables })
  expect(Object.keys(second.files).sort(), second.said).toEqual(CASES.map(({ table }) => table).sort())
  await expectExact(readers, second)
}

const choiceOf = (table: string) => (/^(date|timestamp)_infinities$/.test(table) ? 'nullify' : 'text')

/** Special values of a type that is otherwise read exactly: the run refuses them. A NULL list makes its column text. */
function refusedFor(readers: readonly Reader[], each: Case): boolean {
  const ordinary = { ...each, special: null }
  if (each.special === 'NULL lists' || readers.some((reader) => knownMisreading(reader, ordinary) !== null))
    return false
  return readers.some((reader) => knownMisreading(reader, each) !== null)
}

async function expectExact(readers: readonly Reader[], warehouse: MadeWarehouse): Promise<void> {
  for (const engine of ENGINES.filter(({ reader }) => readers.includes(reader))) {
    const found = [...(await outcomesOf(engine, warehouse))].filter(([, misreading]) => misreading !== null)
    expect(found, engine.title).toEqual([])
  }
}

async function outcomesOf(engine: Engine, { files }: MadeWarehouse): Promise<ReadonlyMap<string, Misreading | null>> {
  const expected = await duckdbValues(files)
  const found = await engine.read(files)
  return new Map(
    Object.keys(files).map((table) => [
      table,
      misreadingOf(found[table] ?? { file: 'not read' }, 'v', expected[table]?.v ?? []),
    ]),
  )
}
