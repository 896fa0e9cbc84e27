import { testDatabase, withClient } from '@dwh/test-kit'
import { expect, test } from 'vitest'
import { beginSnapshot, listTables, mapType } from '../index.ts'

// declared type, resulting type, verdict
const TYPES: [string, string, 'exact' | 'text'][] = [
  ['bool', 'BOOLEAN', 'exact'],
  ['smallint', 'SMALLINT', 'exact'],
  ['int', 'INTEGER', 'exact'],
  ['bigint', 'BIGINT', 'exact'],
  ['oid', 'UINTEGER', 'exact'],
  ['real', 'FLOAT', 'exact'],
  ['double precision', 'DOUBLE', 'exact'],
  ['numeric(10,2)', 'DECIMAL(10,2)', 'exact'],
  ['numeric(38)', 'DECIMAL(38,0)', 'exact'],
  ['numeric(3,-2)', 'DECIMAL(5,0)', 'exact'],
  ['numeric(2,5)', 'DECIMAL(5,5)', 'exact'],
  ['numeric(39,2)', 'VARCHAR', 'text'],
  ['numeric(38,-1)', 'VARCHAR', 'text'],
  ['numeric(1000,1000)', 'VARCHAR', 'text'],
  ['numeric(1,-1000)', 'VARCHAR', 'text'],
  ['numeric', 'VARCHAR', 'text'],
  ['money', 'DECIMAL(19,2)', 'exact'],
  ['text', 'VARCHAR', 'exact'],
  ['varchar(10)', 'VARCHAR', 'exact'],
  ['char(5)', 'VARCHAR', 'exact'],
  ['name', 'VARCHAR', 'exact'],
  ['bytea', 'BLOB', 'exact'],
  ['date', 'DATE', 'exact'],
  ['time(3)', 'TIME', 'exact'],
  ['timetz', 'VARCHAR', 'text'],
  ['timestamp(3)', 'TIMESTAMP', 'exact'],
  ['timestamptz', 'TIMESTAMP WITH TIME ZONE', 'exact'],
  ['interval', 'VARCHAR', 'text'],
  ['uuid', 'UUID', 'exact'],
  ['json', 'JSON', 'exact'],
  ['jsonb', 'JSON', 'exact'],
  ['inet', 'VARCHAR', 'text'],
  ['int4range', 'VARCHAR', 'text'],
  ['int[]', 'JSON', 'exact'],
  ['cents', 'DECIMAL(12,2)', 'exact'],
  ['positive_cents', 'DECIMAL(12,2)', 'exact'],
  ['mood', 'VARCHAR', 'exact'],
  ['public.date', 'VARCHAR', 'exact'],
  ['pair', 'JSON', 'exact'],
]

test('declared types: mapped as in the table', async () => {
  const database = await testDatabase(`
    CREATE DOMAIN cents AS numeric(12,2);
    CREATE DOMAIN positive_cents AS cents CHECK (VALUE > 0);
    CREATE TYPE mood AS ENUM ('sad', 'happy');
    CREATE TYPE public.date AS ENUM ('today');
    CREATE TYPE pair AS (a int, b int);
    CREATE TABLE t (${TYPES.map(([type], i) => `c${i} ${type}`).join(', ')})`)
  const [table] = await withClient(database.url, async (client) => {
    await beginSnapshot(client)
    return listTables(client)
  })
  const found = table?.columns.map((column, i) => [TYPES[i]?.[0], column.type, column.mapping.verdict])
  expect(found).toEqual(TYPES)
  expect(table?.columns.slice(7, 8).map((column) => column.sourceType)).toEqual(['numeric(10,2)'])
})

test('type named like a property of Object.prototype: not a built-in type', () => {
  expect(
    mapType({
      oid: 20_000,
      schema: 'pg_catalog',
      name: 'constructor',
      modifier: -1,
      moneyDigits: 2,
      kind: 'b',
      extension: null,
      delimiter: ',',
      element: null,
      fields: null,
    }).verdict,
  ).toBe('text')
})
