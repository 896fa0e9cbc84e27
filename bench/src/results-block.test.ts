import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { replaceResults } from './results-block.ts'

const PAGE = new URL('../../docs/performance.md', import.meta.url)

test('replaceResults: replaces the results; the same results again change nothing', async () => {
  const once = replaceResults(await readFile(PAGE, 'utf8'), 'a table\n')
  expect(once).toContain('-->\n\na table\n\n<!--')
  expect(replaceResults(once, 'a table\n')).toBe(once)
})

test('replaceResults: a page without the marks: error', () => {
  expect(() => replaceResults('# Speed\n', 'a table')).toThrow(/the page needs/)
})
