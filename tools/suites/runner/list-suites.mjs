// Lists the suites of tools/suites/runner/suites.json: slow tests that `npm test` does not run. README.md here
// describes the fields.
import { readFileSync } from 'node:fs'

const { groups, suites } = JSON.parse(readFileSync(new URL('suites.json', import.meta.url), 'utf8'))

/** All suites, in the order in which they run. The name of a group among their paths is replaced by its paths. */
export const SUITES = suites.map((suite) => ({
  ...suite,
  paths: ['any', ...suite.paths].flatMap((path) => groups[path] ?? [path]).concat(suite.files),
}))

/** Returns the suites with these names. Ends this process with exit code 2 if a name is unknown. */
export function suitesNamed(names) {
  const unknown = names.filter((name) => !SUITES.some((suite) => suite.name === name))
  if (unknown.length > 0) {
    console.error(`suite ${unknown[0]}: unknown; the suites are ${SUITES.map((suite) => suite.name).join(', ')}`)
    process.exit(2)
  }
  return SUITES.filter((suite) => names.includes(suite.name))
}

/** Returns the count for each file of a suite: a number, or `all` of its tests. */
export function countsOf(suite, size, count) {
  const wanted = count ?? suite.counts[size]
  return suite.files.map((file, index) => ({ file, count: Array.isArray(wanted) ? wanted[index] : wanted }))
}

/** Returns what a suite needs at this size. A smoke may need less. */
export function needsOf(suite, size) {
  return size === 'smoke' ? (suite.smokeNeeds ?? suite.needs) : suite.needs
}

/** Formats the amount of a suite: `12 kills`. */
export function amountOf(suite, size, count) {
  const wanted = count ?? suite.counts[size]
  return `${Array.isArray(wanted) ? wanted.reduce((sum, each) => sum + each) : wanted} ${suite.unit}`
}
