import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { amountOf, SUITES } from './list-suites.mjs'

const PAGE = new URL('../../../docs/tested.md', import.meta.url)
const LAST = /(<!-- the last `check:slow`; written by it -->\n\n)([\s\S]*?)(\n\n<!-- end -->)/
const LIST = /(<!-- the suites; made from tools\/suites\/runner\/suites.json -->\n\n)([\s\S]*?)(\n\n<!-- end -->)/

/** Formats the table of all suites for docs/tested.md. */
function table() {
  return tableOf([
    ['suite', 'what it covers', '`check`', '`check:all`', '`check:slow`'],
    ...SUITES.map((suite) => [
      `\`${suite.name}\``,
      suite.covers,
      ...['smoke', 'normal', 'slow'].map((size) => amountOf(suite, size)),
    ]),
  ])
}

/** Replaces the text between the two markers of a place. */
function replaced(page, place, text) {
  if (!place.test(page)) throw new Error(`docs/tested.md lacks the markers ${place.source}`)
  return page.replace(place, (_, before, _old, after) => `${before}${text}${after}`)
}

/** Returns docs/tested.md as it is, and with the current table. */
export function readTestedPage() {
  const is = readFileSync(PAGE, 'utf8')
  return { is, shouldBe: replaced(is, LIST, table()) }
}

/** Writes the current table to docs/tested.md. */
export function writeTestedPage() {
  writeFileSync(PAGE, readTestedPage().shouldBe)
}

/** Returns the current commit, and whether a file other than docs/tested.md has uncommitted changes. */
export function checkedOut(cwd) {
  const git = (...args) =>
    spawnSync('git', ['-c', 'safe.directory=*', ...args], { cwd, encoding: 'utf8' }).stdout.trim()
  return {
    commit: git('rev-parse', '--short=12', 'HEAD'),
    changed: git('status', '--porcelain', '--', '.', ':!docs/tested.md') !== '',
  }
}

/** Records the result of a suite at its slow count. */
export function recordSlow(result) {
  writeFileSync(PAGE, withSlowResult(readFileSync(PAGE, 'utf8'), result))
}

/**
 * Returns the page with the result of one suite; it replaces an earlier result. `minutes` is a number; of `failures`
 * (texts) it shows the first.
 */
export function withSlowResult(page, { suite, amount, date, commit, minutes, failures }) {
  const [, , block = ''] = LAST.exec(page) ?? []
  const name = `\`${suite}\``
  const earlier = block
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .slice(2, -2)
        .split(' | ')
        .map((cell) => cell.trim()),
    )
    .filter(([of]) => of !== name)
  const ended = failures.length === 0 ? 'passed' : `failed: ${firstLine(failures[0])}`
  const order = SUITES.map((one) => `\`${one.name}\``)
  const rows = [...earlier, [name, amount, date, `\`${commit}\``, String(Math.max(1, Math.round(minutes))), ended]]
    // drop the rows of suites that no longer exist
    .filter(([of]) => order.includes(of))
    .sort(([a], [b]) => order.indexOf(a) - order.indexOf(b))
  return replaced(page, LAST, tableOf([['suite', 'how much', 'when', 'commit', 'minutes', 'result'], ...rows]))
}

function firstLine(text) {
  return text.split('\n')[0].replaceAll('|', '/').slice(0, 200)
}

function tableOf(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)))
  const line = (row) => `| ${row.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`
  const [head, ...rest] = rows.map(line)
  return [head, line(widths.map((width) => '-'.repeat(width))), ...rest].join('\n')
}
