import { suiteCount, testDatabase } from '@dwh/test-kit'
import { expect, test } from 'vitest'
import { testWarehouse } from './test-support.ts'

const BYTES = 9 * 1024 * 1024

const ENCODINGS = suiteCount('long-rows') < 10 ? ['UTF8'] : ['UTF8', 'WIN1252']

test.each(ENCODINGS)(
  'proof hash, cells of 9 MiB in a database in %s: text with quotes and letters of two bytes, bytea, json, a list',
  async (encoding) => {
    const text = `repeat('a"' || chr(228), ${Math.ceil(BYTES / 3)})`
    const database = await testDatabase(
      `CREATE TABLE t (id int PRIMARY KEY, s text, b bytea, j jsonb, l text[]);
       INSERT INTO t VALUES (1, 'x', 'x', '{}', '{}'), (2, ${text}, decode(repeat('00ff', ${BYTES / 2}), 'hex'),
         jsonb_build_object('a"b', ${text}), ARRAY['short', NULL, ${text}]), (3, NULL, NULL, NULL, NULL)`,
      { encoding },
    )
    const house = await testWarehouse(database)
    const { record } = await house.run({ extract: 'copy', verify: 'hash' })
    expect(record.tables.t).toMatchObject({ status: 'written', rows: 3 })
    const { rows } = await database.query(
      `SELECT md5(convert_to(s, 'UTF8')) AS s, md5(b) AS b, md5(convert_to(l[3], 'UTF8')) AS l FROM t WHERE id = 2`,
    )
    const asked = await house.ask('t', 'SELECT md5(s), md5(b), md5(l[3]), strlen(j::VARCHAR) > 9e6 FROM t WHERE id = 2')
    expect(asked).toEqual([[rows[0].s, rows[0].b, rows[0].l, true]])
  },
)
