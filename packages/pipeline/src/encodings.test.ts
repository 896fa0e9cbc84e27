import type { ExtractionMethod, StoreAs } from '@dwh/core'
import { testDatabase } from '@dwh/test-kit'
import { describe, expect, test } from 'vitest'
import { testWarehouse } from './test-support.ts'

const METHODS: ExtractionMethod[] = ['rows', 'copy']

/** Creates tables with texts in windows-1252. The server must accept `xml` in the encoding of its database. */
const legacy = (
  xml: string,
) => `CREATE EXTENSION citext; CREATE TYPE mood AS ENUM (E'fr\\xf6hlich'); CREATE DOMAIN label AS text;
  CREATE TABLE t (id int PRIMARY KEY, t text, v varchar(20), c char(6), n name, ci citext, d label, m mood, j json, jb jsonb, x xml, raw text, list text[]);
  INSERT INTO t VALUES
    (1, E'M\\xfcller "\\x80" \\\\ \\t|', E'\\xe9', E'\\xe4b', E'\\xd6l', E'\\xc4', E'\\xdf', E'fr\\xf6hlich', E'{"a": "\\xfc\\\\n"}', E'["\\xfc"]', E'${xml}', E'\\x81\\\\x', ARRAY[E'\\xfc']),
    (2, NULL, '', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '', NULL)`

const win = 'encoding:CP-1252'
const TYPES: Readonly<Record<string, StoreAs>> = {
  ...{ t: win, v: win, c: win, n: win, ci: win, d: win, m: win, j: win, jb: win, x: win },
  ...{ raw: 'bytes', list: 'bytes' },
}

const EXACT = [
  ['1', 'Müller "€" \\ \t|', 'é', 'äb    ', 'Öl', 'Ä', 'ß', 'fröhlich', '{"a": "ü\\n"}', '["ü"]', '815C78', '7BFC7D'],
  ['2', null, '', null, null, null, null, null, null, null, '', null],
].map(([id, ...cells]) => [Number(id), ...cells])

describe.each([
  ['SQL_ASCII', '<a/>', '<a/>'],
  ['WIN1252', '<a>\\xfc</a>', '<a>ü</a>'],
])('texts in windows-1252, database in %s', (encoding, xml, exactXml) => {
  test.each(METHODS)('by %s: exact, with the hash of every row', async (extract) => {
    const house = await testWarehouse(await testDatabase(legacy(xml), { encoding }))
    const { record } = await house.run({ extract, verify: 'hash', tables: { t: { columns: { types: TYPES } } } })
    expect(record.tables.t).toMatchObject({ status: 'written' })
    const columns = 'id, t, v, c, n, ci, d, m, j::VARCHAR, jb::VARCHAR, hex(raw), hex(list)'
    expect(await house.ask('t', `SELECT ${columns} FROM t ORDER BY id`)).toEqual(EXACT)
    expect(await house.ask('t', 'SELECT typeof(t), typeof(j), typeof(raw), x FROM t WHERE id = 1')).toEqual([
      ['VARCHAR', 'JSON', 'BLOB', exactXml],
    ])
  })

  test.each(METHODS)('by %s, without a setting: refused with place and hint', async (extract) => {
    const house = await testWarehouse(await testDatabase(legacy(xml), { encoding }))
    const run = house.run({ extract, tables: { t: { columns: { exclude: encoding === 'WIN1252' ? [] : ['n'] } } } })
    const bytes =
      encoding === 'WIN1252' ? /column raw: Postgres refuses "\\x81/ : /column t: Postgres refuses "M\\xfcller/
    await expect(run).rejects.toMatchObject({
      message: expect.stringMatching(new RegExp(`^t: ${bytes.source}.* \\(row with id=1\\)$`)),
      // no encoding is proposed if the database declares one
      hint: expect.stringMatching(
        encoding === 'WIN1252'
          ? /: bytes .*columns\.exclude.*UPDATE "public"\."t" SET .* WHERE "id" = '1';/
          : /\{ encoding: windows-1252 \}.*bytes .*columns\.exclude.*UPDATE "public"\."t" SET .* WHERE "id" = '1';/,
      ),
    })
  })
})

test('byte that the encoding does not have: refused with its place, not replaced', async () => {
  const house = await testWarehouse(
    await testDatabase(`CREATE TABLE t (id int PRIMARY KEY, a text); INSERT INTO t VALUES (1, 'a'), (2, E'\\x81')`, {
      encoding: 'SQL_ASCII',
    }),
  )
  const stored = (encoding: string) =>
    house.run({ tables: { t: { columns: { types: { a: `encoding:${encoding}` } } } } })
  await expect(stored('windows-1252')).rejects.toMatchObject({
    message: expect.stringMatching(/^t: column a: Postgres refuses "\\x81": .*0x81.* \(row with id=2\)$/),
  })
  await stored('latin1')
  expect(await house.ask('t', 'SELECT a, unicode(a) FROM t ORDER BY id')).toEqual([
    ['a', 97],
    ['\u0081', 0x81],
  ])
})

test('texts in many encodings, with quotes: exact, with the hash of every row', async () => {
  const TEXTS: Readonly<Record<string, [bytes: string, text: string]>> = {
    shift_jis: ['\\x95\\x5c\\x83\\x5c', '表ソ'],
    'euc-jp': ['\\xc6\\xfc', '日'],
    gb18030: ['\\x81\\x30\\x81\\x30', '\u0080'],
    big5: ['\\xa5\\x5c', '功'],
    'koi8-r': ['\\xf2', 'Р'],
    IBM866: ['\\x90', 'Р'],
    'ISO_8859-15': ['\\xa4', '€'],
    'UTF-8': ['\\xe2\\x82\\xac', '€'],
  }
  const names = Object.keys(TEXTS)
  const columns = names.map((name) => `"${name}"`).join(', ')
  const values = Object.values(TEXTS).map(([bytes]) => `E'"${bytes}"'`)
  const house = await testWarehouse(
    await testDatabase(
      `CREATE TABLE t (${names.map((name) => `"${name}" text`).join(', ')}); INSERT INTO t VALUES (${values.join(', ')})`,
      { encoding: 'SQL_ASCII' },
    ),
  )
  const types = Object.fromEntries(names.map((name): [string, StoreAs] => [name, `encoding:${name}`]))
  await house.run({ verify: 'hash', tables: { t: { columns: { types } } } })
  expect(await house.ask('t', `SELECT ${columns} FROM t`)).toEqual([
    Object.values(TEXTS).map(([, text]) => `"${text}"`),
  ])
})
