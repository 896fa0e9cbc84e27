import { testDatabase, withClient } from '@dwh/test-kit'
import { expect, test } from 'vitest'
import { beginSnapshot } from '../session/session.ts'
import { listTypeNames } from './type-names.ts'

async function namesIn(sql: string): Promise<readonly (readonly string[])[]> {
  const database = await testDatabase(sql)
  return withClient(database.url, async (client) => {
    await beginSnapshot(client)
    return listTypeNames(client)
  })
}

test('built-in type and its array: names of the catalog, of format_type and of SQL', async () => {
  const types = await namesIn('')
  const found = (name: string) => types.filter((names) => names.includes(name))
  expect(found('timestamptz')).toEqual([['timestamp with time zone', 'pg_catalog.timestamptz', 'timestamptz']])
  expect(found('timestamptz[]')).toEqual([['timestamp with time zone[]', 'pg_catalog.timestamptz[]', 'timestamptz[]']])
  for (const same of [
    ['int', 'int4', 'integer'],
    ['int2', 'smallint'],
    ['int8', 'bigint'],
    ['float4', 'real'],
    ['float', 'float8', 'double precision'],
    ['bool', 'boolean'],
    ['dec', 'decimal', 'numeric'],
    ['varchar', 'character varying'],
    ['char', 'bpchar', 'character'],
    ['varbit', 'bit varying'],
    ['time', 'time without time zone'],
    ['timetz', 'time with time zone'],
    ['timestamp', 'timestamp without time zone'],
  ]) {
    const [first, ...more] = found(same[0] as string)
    expect(first).toEqual(expect.arrayContaining(same))
    expect(more).toEqual([])
  }
  expect(found('"char"')).toEqual([['"char"', 'pg_catalog.char']])
  expect(found('_int4')).toEqual([])
})

test('user-defined type: name with and without schema, unless a built-in type has that name', async () => {
  const types =
    await namesIn(`CREATE SCHEMA crm; CREATE TYPE crm."Mood" AS ENUM ('ok'); CREATE TYPE mood AS ENUM ('ok');
    CREATE DOMAIN crm.date AS text; CREATE TABLE crm.orders (i int)`)
  const found = (name: string) => types.filter((names) => names.includes(name)).map(([first]) => first)
  expect(found('mood')).toEqual(['crm."mood"', 'public.mood'])
  expect(found('crm.mood')).toEqual(['crm."mood"'])
  expect(found('date')).toEqual(['date'])
  expect(found('crm.date')).toEqual(['crm.date'])
  expect(found('crm.orders[]')).toEqual(['crm.orders[]'])
})
