import { duckdbExtensions } from '@dwh/duckdb-extensions'
import { testDatabase } from '@dwh/test-kit'
import { expect, test } from 'vitest'
import { testWarehouse } from './test-support.ts'

const TEXTS = `CREATE TABLE t (id int PRIMARY KEY, name text, raw text); INSERT INTO t VALUES (1, E'M\\xfcller "', E'\\x81'), (2, NULL, '')`

test.each(['SQL_ASCII', 'WIN1252'])('texts in windows-1252, database in %s, native: exact', async (encoding) => {
  const house = await testWarehouse(await testDatabase(TEXTS, { encoding }), await duckdbExtensions())
  const types = { name: 'encoding:windows-1252', raw: 'bytes' } as const
  const { record } = await house.run({ extract: 'native', verify: 'hash', tables: { t: { columns: { types } } } })
  expect(record.tables.t).toMatchObject({ status: 'written' })
  expect(house.events).toContainEqual(expect.objectContaining({ type: 'table-end', method: 'native' }))
  expect(await house.ask('t', 'SELECT id, name, hex(raw) FROM t ORDER BY id')).toEqual([
    [1, 'Müller "', '81'],
    [2, null, ''],
  ])
})

test.each(['counts', 'columns'] as const)(
  'byte that is not text, native, proof %s: refused with its place',
  async (verify) => {
    const house = await testWarehouse(await testDatabase(TEXTS, { encoding: 'SQL_ASCII' }), await duckdbExtensions())
    await expect(house.run({ extract: 'native', verify })).rejects.toMatchObject({
      message: expect.stringMatching(/^t: column name: Postgres refuses "M\\xfcller \\"": .*\(row with id=1\)$/),
    })
  },
)
