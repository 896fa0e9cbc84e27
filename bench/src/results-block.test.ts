import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { replaceResults } from './results-block.ts'

const PAGE = new URL('../../docs/performance.md', import.meta.url)

test('the page takes results, and the same ones twice without a change', async () => {
  const once = replaceResults(await readFile(PAGE, 'utf8'), 'a table\n')
  expect(once).toContain('-->\n\na table\n\n<!--')
  expect(replaceResults(once, 'a table\n')).toBe(once)
})

test('a page without the marks is left alone', () => {
  expect(() => replaceResults('# Speed\n', 'a table')).toThrow(/has no/)
})
