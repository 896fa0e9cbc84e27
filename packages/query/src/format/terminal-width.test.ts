import fc from 'fast-check'
import stringWidth from 'string-width'
import { expect, onTestFinished, test } from 'vitest'
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

async function shown(session: Session, sql: string, as: ResultFormat, options: FormatOptions): Promise<string> {
  let text = ''
  for await (const result of session.query(sql))
    for await (const piece of formatResult(result, as, options)) text += piece
  return text
}

const CUSTOMERS = `SELECT 7 AS id, 'ada@example.com' AS email, 'Ada Lovelace' AS name, 'GB' AS country,
  '+44 20 7946 0018' AS phone, '12 St James''s Square' AS street, 'London' AS city, 12.50 AS balance,
  '{"plan": "team", "seats": 12}' AS metadata, TIMESTAMP '2026-02-18 03:00:12.000001' AS created_at`

test('table in 80 cells: the first columns of ten and the last one, and the others are named below', async () => {
  const text = await shown(await open(), CUSTOMERS, 'table', { width: 80, seeAll: '\\x' })
  expect(text).toBe(
    `${[
      ' id │ email           │ name         │ country │ … │ created_at',
      '────┼─────────────────┼──────────────┼─────────┼───┼────────────────────────────',
      '  7 │ ada@example.com │ Ada Lovelace │ GB      │ … │ 2026-02-18 03:00:12.000001',
      '(1 row, 10 columns; 5 not shown: phone, street, city, balance, metadata; \\x',
      'shows all)',
    ].join('\n')}\n`,
  )
})

test('table in 80 cells: long texts are cut, and named below', async () => {
  const sql = `SELECT 1 AS id, repeat('ab ', 40) AS note, repeat('日本', 400000) AS body`
  expect(await shown(await open(), sql, 'table', { width: 80, seeAll: '--format vertical' })).toBe(
    `${[
      ' id │ note                                │ body',
      '────┼─────────────────────────────────────┼─────────────────────────────────────',
      '  1 │ ab ab ab ab ab ab ab ab ab ab ab a… │ 日本日本日本日本日本日本日本日本日…',
      '(1 row, 3 columns; cut: note, body; --format vertical shows all)',
    ].join('\n')}\n`,
  )
})

test('vertical: each column in its line, long values go on in the next', async () => {
  const sql = `SELECT * FROM (VALUES (1, 'short', NULL), (20, repeat('日本 ', 8), e'a\\nb')) t(id, note, "the last")`
  const session = await open()
  expect(await shown(session, sql, 'vertical', { width: 30 })).toBe(
    `${[
      '─[ row 1 ]────────────────────',
      ' id       │ 1',
      ' note     │ short',
      ' the last │ NULL',
      '─[ row 2 ]────────────────────',
      ' id       │ 20',
      ' note     │ 日本 日本 日本 日',
      '          │ 本 日本 日本 日本',
      '          │ 日本',
      ' the last │ a\\nb',
      '(2 rows)',
    ].join('\n')}\n`,
  )
  expect(await shown(session, sql, 'vertical', {})).toContain(`\n note     │ ${'日本 '.repeat(8).trim()}\n`)
  expect(await shown(session, 'SELECT 1 AS a WHERE false', 'vertical', {})).toBe('(0 rows)\n')
})

test('auto: a table as long as all columns are shown, then vertical; without a terminal a table', async () => {
  const session = await open()
  expect(await shown(session, CUSTOMERS, 'auto', { width: 80 })).toMatch(/^─\[ row 1 \]─+\n id +│ 7\n/)
  expect(await shown(session, CUSTOMERS, 'auto', { width: 200 })).toMatch(/^ id │ email/)
  expect(await shown(session, CUSTOMERS, 'auto', {})).toMatch(/^ id │ email/)
  const long = `SELECT 1 AS id, repeat('x', 500) AS note`
  expect(await shown(session, long, 'auto', { width: 80 })).toMatch(/^ id │ note/)
  expect(await shown(session, 'EXPLAIN SELECT 1', 'auto', { width: 80 })).toContain('┌─')
})

test('more rows than shown: said below, too', async () => {
  const session = await open()
  expect(await shown(session, 'FROM range(1500)', 'table', { width: 80 })).toMatch(/\n\(first 1,000 rows\)\n$/)
  expect(await shown(session, 'FROM range(3)', 'vertical', { maxRows: 2 })).toMatch(/\n\(first 2 rows\)\n$/)
  expect(await shown(session, 'SELECT 1', 'table', {})).toMatch(/\n\(1 row\)\n$/)
})

test('a thousand columns, and a terminal of 20 cells: one of them, and how many more', async () => {
  const columns = Array.from({ length: 1000 }, (_, i) => `${i} AS column_${i}`)
  expect(await shown(await open(), `SELECT ${columns}`, 'table', { width: 20 })).toBe(
    `${[
      ' column_0 │ …',
      '──────────┼───',
      '        0 │ …',
      '(1 row, 1,000',
      'columns; 999 not',
      'shown: column_1,',
      'column_2 and 997',
      'more)',
    ].join('\n')}\n`,
  )
})

test('any values in any width: no line is longer, and none breaks out of its cell', async () => {
  const session = await open()
  const value = fc.option(fc.string({ unit: 'grapheme', maxLength: 60 }))
  const literal = (text: string | null) =>
    text === null ? 'NULL::VARCHAR' : `decode(from_hex('${Buffer.from(text).toString('hex')}'))`
  await fc.assert(
    fc.asyncProperty(
      fc.array(value, { minLength: 1, maxLength: 12 }),
      fc.integer({ min: 8, max: 100 }),
      fc.constantFrom('table' as const, 'vertical' as const, 'auto' as const),
      async (values, width, as) => {
        const sql = `SELECT ${values.map((text, i) => `${literal(text)} AS "naïve name ${i}"`)}`
        const text = await shown(session, sql, as, { width, seeAll: '\\x' })
        for (const line of text.split('\n')) expect(stringWidth(line)).toBeLessThanOrEqual(width)
      },
    ),
    { numRuns: 100 },
  )
})
