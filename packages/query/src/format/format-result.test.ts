import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { temporaryFolder } from '@dwh/test-kit'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { localFiles, openSession, type Session } from '../index.ts'
import { testWarehouse } from '../test-support.ts'
import type { FormatOptions, ResultFormat } from './format-options.ts'
import { formatResult } from './format-result.ts'

async function open(): Promise<Session> {
  const { store, state } = await testWarehouse()
  const session = await openSession({ tables: {}, files: localFiles({ store, readState: async () => state }) })
  onTestFinished(() => session.close())
  return session
}

async function format(sql: string, as: ResultFormat, options: FormatOptions = {}, session?: Session): Promise<string> {
  let text = ''
  for await (const result of (session ?? (await open())).query(sql)) {
    for await (const piece of formatResult(result, as, options)) text += piece
  }
  return text
}

const TYPES = `SELECT
  1::TINYINT AS i1, 9223372036854775807 AS i8, 170141183460469231731687303715884105727::HUGEINT AS i16, 12345678901234567890.1200::DECIMAL(38,4) AS d,
  0.1::FLOAT AS f4, 1e-300::DOUBLE AS f8, 'NaN'::DOUBLE AS nan, '-Infinity'::FLOAT AS inf, '-0'::DOUBLE AS nz,
  true AS b, 'a"b' AS t, NULL AS n, DATE '2026-02-18' AS day, DATE 'infinity' AS never, '0044-03-15 (BC)'::DATE AS ides, TIME '24:00:00' AS tm,
  TIMESTAMP '2026-02-18 03:00:12.000001' AS ts, TIMESTAMPTZ '2026-02-18 03:00:12+05' AS tz, TIMESTAMPTZ '-infinity' AS past,
  INTERVAL '1 year 2 days' AS iv, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::UUID AS u, '\\x00\\xFF'::BLOB AS bl, '0101'::BIT AS bits,
  '{"x": 1e999,  "y": [null]}'::JSON AS j, [1, NULL] AS l, {'a': 1, 'b': 'x'} AS s, MAP {'k': 1.5} AS m, 'v'::ENUM ('v') AS e,
  union_value(num := 2) AS un, [TIMESTAMPTZ '2026-02-18 03:00:12+00'] AS ltz, array_value(1, 2) AS ar, 'x' AS t`

test('json: every type, exactly', async () => {
  const text = await format(TYPES, 'json')
  const expected = `[
  {"i1":1,"i8":9223372036854775807,"i16":170141183460469231731687303715884105727,"d":12345678901234567890.1200,"f4":0.1,"f8":1e-300,"nan":"NaN","inf":"-Infinity","nz":-0.0,"b":true,"t":"a\\"b","n":null,"day":"2026-02-18","never":"infinity","ides":"0044-03-15 (BC)","tm":"24:00:00","ts":"2026-02-18T03:00:12.000001","tz":"2026-02-17T22:00:12Z","past":"-infinity","iv":"1 year 2 days","u":"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11","bl":"\\\\x00ff","bits":"0101","j":{"x": 1e999,  "y": [null]},"l":[1,null],"s":{"a":1,"b":"x"},"m":{"k":1.5},"e":"v","un":2,"ltz":["2026-02-18T03:00:12Z"],"ar":[1,2],"t_1":"x"}
]
`
  expect(text).toBe(expected)
})

test('json and jsonl: no, one and many rows, valid JSON', async () => {
  expect(await format('SELECT 1 AS a WHERE false', 'json')).toBe('[]\n')
  expect(await format('SELECT 1 AS a WHERE false', 'jsonl')).toBe('')
  expect(await format('SELECT 1 AS a', 'jsonl')).toBe('{"a":1}\n')
  const rows = JSON.parse(await format('SELECT range AS a FROM range(5000)', 'json'))
  expect(rows).toEqual(Array.from({ length: 5000 }, (_, a) => ({ a })))
  expect((await format('SELECT range AS a FROM range(5000)', 'jsonl')).trimEnd().split('\n')).toHaveLength(5000)
})

test('csv: NULL is empty, an empty text is quoted, instants are RFC 3339', async () => {
  const sql = `SELECT * FROM (VALUES (1, NULL, 'a,b', TIMESTAMPTZ '2026-02-18 03:00:12+00'), (2, '', 'say "hi"', NULL), (3, ' x', e'a\\nb', NULL)) t(id, "a,b", c, ts)`
  expect(await format(sql, 'csv')).toBe(
    'id,"a,b",c,ts\n1,,"a,b",2026-02-18T03:00:12Z\n2,"","say ""hi""",\n3, x,"a\nb",\n',
  )
})

test('characters that change the writing direction: escaped', async () => {
  const sql = `SELECT 'a\u202Eb\u2066c\u2029d' AS x`
  expect(await format(sql, 'table')).toContain('a\\u202eb\\u2066c\\u2029d')
})

test('table: numbers to the right, wide characters measured, control characters escaped', async () => {
  const sql = `SELECT * FROM (VALUES ('a', 1), ('日本', 20), ('e\u0301🦆', NULL), (e'x\\ty\\x1b[31m', 300)) t(name, "n um")`
  expect(await format(sql, 'table')).toBe(
    [
      ' name           │ n um',
      '────────────────┼──────',
      ' a              │    1',
      ' 日本           │   20',
      ' e\u0301🦆            │ NULL',
      ' x\\ty\\u001b[31m │  300',
      '(4 rows)',
      '',
    ].join('\n'),
  )
  expect(await format('SELECT 1 AS a WHERE false', 'table')).toBe(' a\n───\n(0 rows)\n')
})

test('markdown: bars and line breaks are escaped', async () => {
  expect(await format(`SELECT 'a|b' AS "x|y", e'1\\n2' AS t, 3 AS n`, 'markdown')).toBe(
    '| x\\|y | t | n |\n| --- | --- | ---: |\n| a\\|b | 1\\\\n2 | 3 |\n',
  )
})

test('many rows: table is truncated with a note, the other formats are complete', async () => {
  const notes: string[] = []
  const onNote = (note: string) => notes.push(note)
  const session = await open()
  const lines = async (as: ResultFormat, options: FormatOptions) =>
    (await format('SELECT range AS a FROM range(1500)', as, options, session)).trimEnd().split('\n').length
  expect(await lines('table', { onNote })).toBe(1003)
  expect(notes).toEqual([expect.stringContaining('first 1000 rows')])
  expect(await lines('markdown', { maxRows: 10, onNote })).toBe(12)
  expect(await lines('table', { maxRows: 0, onNote })).toBe(1503)
  expect(await lines('table', { maxRows: 1500, onNote })).toBe(1503)
  expect(await lines('csv', { onNote })).toBe(1501)
  expect(notes).toHaveLength(2)
})

test('a plan: shown as drawn', async () => {
  expect(await format('EXPLAIN SELECT 1', 'table')).toContain('┌─')
})

describe('properties', () => {
  const cell = fc.option(fc.string({ unit: 'binary' }).filter((s) => s.isWellFormed()))

  test('json by JSON.parse, csv by DuckDB: read back unchanged', async () => {
    const session = await open()
    const folder = await temporaryFolder()
    const instance = await DuckDBInstance.create(':memory:')
    const connection = await instance.connect()
    onTestFinished(() => {
      connection.closeSync()
      instance.closeSync()
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(cell, cell, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })), { minLength: 1 }),
        async (rows) => {
          const literal = (text: string | null) =>
            text === null ? 'NULL::VARCHAR' : `decode(from_hex('${Buffer.from(text).toString('hex')}'))`
          const values = rows.map(([a, b, n], i) => `(${i}, ${literal(a)}, ${literal(b)}, (${n})::BIGINT)`)
          const sql = `SELECT * FROM (VALUES ${values.join(', ')}) t(i, a, b, n) ORDER BY i`
          const json = await format(sql, 'json', {}, session)
          expect(JSON.parse(json).map((row: { a: string; b: string }) => [row.a, row.b])).toEqual(
            rows.map(([a, b]) => [a, b]),
          )
          expect(json.match(/"n":-?\d+/g)).toEqual(rows.map(([, , n]) => `"n":${n}`))
          const path = join(folder, 'x.csv')
          await writeFile(path, await format(sql, 'csv', {}, session))
          const back = await connection.runAndReadAll(
            `SELECT a, b, n FROM read_csv('${path}', columns = {i: 'INT', a: 'VARCHAR', b: 'VARCHAR', n: 'BIGINT'}, header = true, delim = ',', quote = '"', escape = '"', nullstr = '', allow_quoted_nulls = false, auto_detect = false, new_line = '\\n', strict_mode = false) ORDER BY i`,
          )
          expect(back.getRows()).toEqual(rows)
        },
      ),
      { numRuns: 40 },
    )
  })

  test('table: never contains a control character', async () => {
    const session = await open()
    await fc.assert(
      fc.asyncProperty(cell, async (text) => {
        const hex = Buffer.from(text ?? '').toString('hex')
        const shown = await format(`SELECT decode(from_hex('${hex}')) AS t`, 'table', {}, session)
        // biome-ignore lint/suspicious/noControlCharactersInRegex: those are the ones that must not be there
        expect(shown.replace(/\n/g, '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/)
        expect(shown.split('\n')).toHaveLength(5)
      }),
      { numRuns: 60 },
    )
  })
})
