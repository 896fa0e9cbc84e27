import { formatTableName, type TableSchema } from '@dwh/core'
import { testDatabase, withClient } from '@dwh/test-kit'
import { expect, onTestFinished, test } from 'vitest'
import { beginSnapshot, listTables, postgresSource, readOnlyRoleSql, tableActivity } from '../index.ts'
import { listTypeNames } from './type-names.ts'

/** Creates tables with valid names, and some whose names have an invalid byte; the server makes these from bytes. */
const NAMES = (byte: string) => `CREATE TABLE good (id int PRIMARY KEY, a text); INSERT INTO good VALUES (1, 'x');
  DO $do$ DECLARE odd text := convert_from('\\x6d${byte}6c6c'::bytea, getdatabaseencoding()); BEGIN
    EXECUTE format('CREATE TABLE %I (id int)', odd);
    EXECUTE format('CREATE TABLE part (id int, %I int PRIMARY KEY)', odd);
    EXECUTE format('INSERT INTO part VALUES (1, 2)');
    EXECUTE format('CREATE SCHEMA %I', odd);
    EXECUTE format('CREATE TABLE %I.t (id int)', odd);
    EXECUTE format('CREATE TYPE %I AS ENUM (''a'')', 'e' || odd);
    EXECUTE format('CREATE TABLE typed (e %I)', 'e' || odd);
    EXECUTE format('CREATE TABLE child_of_good_%s () INHERITS (good)', 'x');
    EXECUTE format('CREATE TABLE %I () INHERITS (good)', 'child' || odd);
    EXECUTE format('INSERT INTO %I VALUES (2, ''y'')', 'child' || odd);
  END $do$`

test.each([
  ['SQL_ASCII', 'fc', 'm%FCll'],
  ['WIN1252', '81', 'm%81ll'],
])('names that are not text, in a database in %s: reported, and the rest is read', async (encoding, byte, odd) => {
  const database = await testDatabase(NAMES(byte), { encoding })
  const snapshot = await postgresSource({ connection: database.url }).open()
  onTestFinished(() => snapshot.close())
  const tables = await snapshot.tables()
  const denied = tables.filter((table) => table.denied).map(formatTableName)
  expect(denied.sort()).toEqual([`child${odd}`, odd, `${odd}.t`].sort())
  const find = (name: string) => tables.find((table) => formatTableName(table) === name) as TableSchema
  expect(find(odd).denied?.hint).toContain(`exclude: ["${odd}"]`)
  expect(find('typed').columns[0]).toMatchObject({ sourceType: `public."e${odd}"`, type: 'VARCHAR' })
  const part = find('part')
  expect(part).toMatchObject({ primaryKey: [odd], columns: [{}, { name: odd, denied: {} }] })
  expect(part.columns[1]?.denied?.hint).toContain(`tables: { "part": { columns: { exclude: ["${odd}"] } } }`)
  const kept = { ...part, columns: part.columns.filter((column) => !column.denied) }
  for await (const rows of snapshot.read(kept).rows) expect(rows).toEqual([['1']])
  const rows: unknown[] = []
  for await (const batch of snapshot.read(find('good')).rows) rows.push(...batch)
  expect(rows).toEqual([
    ['1', 'x'],
    ['2', 'y'],
  ])
  await withClient(database.url, async (client) => {
    expect(await readOnlyRoleSql(client, 'reader')).toContain(`-- left out, since a name is not text: schema ${odd}\n`)
    await beginSnapshot(client)
    expect((await tableActivity(client)).has(odd)).toBe(true)
    expect((await listTypeNames(client)).flat()).toContain(`public.e${odd}`.toLowerCase())
  })
})

test('names beyond ASCII, in databases that are not in UTF8: unchanged', async () => {
  for (const encoding of ['LATIN1', 'EUC_JP']) {
    const name = encoding === 'LATIN1' ? 'fc62' : 'c6fc'
    const { url } = await testDatabase(
      `DO $do$ BEGIN EXECUTE format('CREATE TABLE %I (id int)', convert_from('\\x${name}', getdatabaseencoding())); END $do$`,
      { encoding },
    )
    await withClient(url, async (client) => {
      await beginSnapshot(client)
      const [table] = await listTables(client)
      expect(table).toMatchObject({ name: encoding === 'LATIN1' ? 'üb' : '日', encoding })
    })
  }
})
