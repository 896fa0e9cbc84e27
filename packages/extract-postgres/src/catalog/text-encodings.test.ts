import { testDatabase } from '@dwh/test-kit'
import { expect, test } from 'vitest'
import { ENCODING_NAMES, POSTGRES_ENCODINGS } from './text-encodings.ts'

test('encodings that Postgres can convert to UTF-8: each has a name, all names are unique', async () => {
  const { query } = await testDatabase()
  const { rows } = await query(
    `SELECT pg_encoding_to_char(conforencoding) AS name FROM pg_conversion WHERE condefault AND pg_encoding_to_char(contoencoding) = 'UTF8'`,
  )
  const known = [...rows.map(({ name }) => name), 'UTF8']
  expect(Object.values(POSTGRES_ENCODINGS).sort()).toEqual(known.sort())
  for (const [name, postgres] of Object.entries(POSTGRES_ENCODINGS)) {
    const spellings = [name, postgres].map((each) => each.toLowerCase().replaceAll(/[^a-z0-9]/g, ''))
    expect(spellings.map((each) => ENCODING_NAMES[each])).toEqual([name, name])
  }
})

test('latin1: ISO 8859-1, not windows-1252', () => {
  expect([ENCODING_NAMES.latin1, ENCODING_NAMES.cp1252, ENCODING_NAMES.latin5]).toEqual([
    'iso-8859-1',
    'windows-1252',
    'iso-8859-9',
  ])
})

test('quote in any encoding: one byte, never part of another character', async () => {
  const { query } = await testDatabase()
  for (const postgres of Object.values(POSTGRES_ENCODINGS)) {
    const { rows } = await query(`SELECT convert('"', '${postgres}', 'UTF8') AS quote`)
    expect(rows[0].quote.toString()).toBe('"')
  }
})
