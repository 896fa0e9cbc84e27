import { expect, test } from 'vitest'
import { fitHelp } from './fit-help.ts'

const EXAMPLES = `Examples:
  $ dwh tables                    all tables
  $ dwh tables orders "bill.*"    columns of these tables`

test('paragraph: filled to the width; headings, blank lines and lists that fit stay', () => {
  const text = `One sentence that is\nlonger than a line. Another.\n\n${EXAMPLES}\n`
  expect(fitHelp(text, 60)).toBe(`One sentence that is longer than a line. Another.\n\n${EXAMPLES}\n`)
  expect(fitHelp('  .max-rows [number]    maximum rows; 0 shows all', 80)).toBe(
    '  .max-rows [number]    maximum rows; 0 shows all',
  )
})

test('examples that do not fit: comments above the commands', () => {
  expect(fitHelp(EXAMPLES, 50)).toBe(`Examples:
  # all tables
  $ dwh tables
  # columns of these tables
  $ dwh tables orders "bill.*"`)
})

test('list that does not fit: its right column is wrapped', () => {
  expect(fitHelp('  .rows    maximum rows that a table shows', 30)).toBe(
    '  .rows    maximum rows that a\n           table shows',
  )
})
