import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { SETTINGS } from '@dwh/config'
import { expect, test } from 'vitest'
import { expectPage, ROOT } from './pages.ts'
import { keysOn, withSettings } from './settings-tables.ts'

/** Paths below `docs/`. */
const PAGES = ['configuration.md', 'scheduler.md', 'storage.md']

test.each(PAGES)('docs/%s: its tables match the list of settings (DOCS=write updates them)', (page) => {
  const text = readFileSync(join(ROOT, 'docs', page), 'utf8')
  expect(keysOn(text)).not.toEqual([])
  expectPage(join('docs', page), withSettings(page, text))
})

test('a section with an empty table: gets a table, and the next section is unchanged', () => {
  const empty = '<!-- settings of `keep` -->\n\n<!-- /settings -->\n'
  const next = '## Next\n\n<!-- settings of `schedule` -->\n\nwhat stood here\n\n<!-- /settings -->\n'
  const text = withSettings('configuration.md', `${empty}\n${next}`)
  expect(text).toMatch(
    /^<!-- settings of `keep` -->\n\n\|[\s\S]*\n\n<!-- \/settings -->\n\n## Next\n\n<!-- settings of `schedule`/,
  )
  expect(text).not.toContain('what stood here')
  expect(withSettings('configuration.md', text)).toBe(text)
})

test('docs/configuration.md: every setting is in exactly one of its tables', () => {
  const keys = keysOn(readFileSync(join(ROOT, 'docs/configuration.md'), 'utf8'))
  // the setting that contains those of columns has no row of its own
  const expected = SETTINGS.map(({ key }) => key).filter((key) => key !== 'tables.*.columns')
  expect(keys.sort()).toEqual(expected.sort())
})
