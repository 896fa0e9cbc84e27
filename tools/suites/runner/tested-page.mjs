import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { amountOf, SUITES } from './list-suites.mjs'

const PAGE = new URL('../../../docs/tested.md', import.meta.url)
const LAST = /(<!-- the last `check:slow`; written by it -->\n\n)[\s\S]*?(\n\n<!-- end -->)/
const LIST = /(<!-- the suites; made from tools\/suites\/runner\/suites.json -->\n\n)[\s\S]*?(\n\n<!-- end -->)/

/** The table of all suites for docs/tested.md. */
function table() {
  const rows = [
    ['suite', 'what it covers', '`check`', '`check:all`', '`check:slow`'],
    ...SUITES.map((suite) => [
      `\`${suite.name}\``,
      suite.covers,
      ...['smoke', 'normal', 'slow'].map((size) => amountOf(suite, size)),
    ]),
  ]
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)))
  const line = (row) => `| ${row.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`
  const [head, ...rest] = rows.map(line)
  return [head, line(widths.map((width) => '-'.repeat(width))), ...rest].join('\n')
}

/** Puts `text` between the two marks of a place. */
function replaced(page, place, text) {
  if (!place.test(page)) throw new Error(`docs/tested.md has no place for it: ${place.source}`)
  return page.replace(place, (_, before, after) => `${before}${text}${after}`)
}

/** The page with its table as it has to be, and as it is. */
export function readTestedPage() {
  const is = readFileSync(PAGE, 'utf8')
  return { is, shouldBe: replaced(is, LIST, table()) }
}

/** Puts the table there. */
export function writeTestedPage() {
  writeFileSync(PAGE, readTestedPage().shouldBe)
}

/** The commit that is checked out, and whether something was changed that is in no commit. */
export function checkedOut(cwd) {
  const git = (...args) =>
    spawnSync('git', ['-c', 'safe.directory=*', ...args], { cwd, encoding: 'utf8' }).stdout.trim()
  return { commit: git('rev-parse', '--short=12', 'HEAD'), changed: git('status', '--porcelain') !== '' }
}

/** Writes when every suite was last done at its slow count, on which commit, and how it ended. */
export function recordSlow({ date, commit, minutes, passed, failures }) {
  const failed = failures.length === 0 ? '' : ` What failed: ${failures.join('; ')}.`
  const text = `${date}, commit ${commit}, ${minutes} min: ${passed} passed, ${failures.length} failed.${failed}`
  writeFileSync(PAGE, replaced(readFileSync(PAGE, 'utf8'), LAST, text))
  return text
}
