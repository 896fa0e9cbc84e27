// The suites: what is tested more than `npm test` does, as tools/suites/runner/suites.json lists it. README.md here says what each field means.
import { readFileSync } from 'node:fs'

const { groups, suites } = JSON.parse(readFileSync(new URL('suites.json', import.meta.url), 'utf8'))

/** Every suite, in the order in which they run; a name of a group among its paths stands for those of the group. */
export const SUITES = suites.map((suite) => ({
  ...suite,
  paths: ['any', ...suite.paths].flatMap((path) => groups[path] ?? [path]).concat(suite.files),
}))

/** The suites of these names. Ends this process when there is none of a name. */
export function suitesNamed(names) {
  const unknown = names.filter((name) => !SUITES.some((suite) => suite.name === name))
  if (unknown.length > 0) {
    console.error(`suite ${unknown[0]}: there is none; there are ${SUITES.map((suite) => suite.name).join(', ')}`)
    process.exit(2)
  }
  return SUITES.filter((suite) => names.includes(suite.name))
}

/** How much of a suite is done for each of its files: a number, or `all` of its tests. */
export function countsOf(suite, size, count) {
  const wanted = count ?? suite.counts[size]
  return suite.files.map((file, index) => ({ file, count: Array.isArray(wanted) ? wanted[index] : wanted }))
}

/** What a suite needs at this size: a smoke may do with less. */
export function needsOf(suite, size) {
  return size === 'smoke' ? (suite.smokeNeeds ?? suite.needs) : suite.needs
}

/** How it is told: `12 kills`. */
export function amountOf(suite, size, count) {
  const wanted = count ?? suite.counts[size]
  return `${Array.isArray(wanted) ? wanted.reduce((sum, each) => sum + each) : wanted} ${suite.unit}`
}
