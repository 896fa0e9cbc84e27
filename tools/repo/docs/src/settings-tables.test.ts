import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SETTINGS } from '@dwh/config'
import { expect, test } from 'vitest'
import { ROOT } from './pages.ts'
import { keysOn, withSettings } from './settings-tables.ts'

/** They stand under `docs/`. */
const PAGES = ['configuration.md', 'scheduler.md', 'storage.md']

test.each(PAGES)('docs/%s: its tables are the list of settings (DOCS=write puts them there)', (page) => {
  const path = join(ROOT, 'docs', page)
  if (process.env.DOCS === 'write') writeFileSync(path, withSettings(page, readFileSync(path, 'utf8')))
  const text = readFileSync(path, 'utf8')
  expect(keysOn(text)).not.toEqual([])
  expect(text).toBe(withSettings(page, text))
})

test('docs/configuration.md: every setting is in one of its tables, once', () => {
  const keys = keysOn(readFileSync(join(ROOT, 'docs/configuration.md'), 'utf8'))
  // what holds the settings of columns has no row beside them
  const expected = SETTINGS.map(({ key }) => key).filter((key) => key !== 'tables.*.columns')
  expect(keys.sort()).toEqual(expected.sort())
})
