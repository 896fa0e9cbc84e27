// Runs the checks of `pnpm check` (exactly what CI runs), `check:all`, `check:slow` and `pnpm suite`. The last line is
// the number of passed and failed checks. CONTRIBUTING.md describes the sizes.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { changedSuites } from '../suites/runner/changed-suites.mjs'
import { amountOf, needsOf, SUITES, suitesNamed } from '../suites/runner/list-suites.mjs'
import { runSuites } from '../suites/runner/run-suites.mjs'
import { runVitest } from '../suites/runner/run-vitest.mjs'
import { checkedOut, recordSlow } from '../suites/runner/tested-page.mjs'
import { prepare } from './prepare.mjs'

const USAGE = `pnpm check                               every test of \`npm test\`, lint, types, and a smoke of each suite
pnpm check:all                           the same with each suite at its normal count
pnpm check:all --changed [REF] [--list]  the suites that a change since main, or since REF, touches; --list: only lists them
pnpm check:slow [NAME...]                each suite, or these, at its slow count; writes each result into docs/tested.md
pnpm suite NAME... [--count N] [--size smoke|normal|slow] [--seed N] [--from N]
                                         suites by name, at the count or the size; a seed and a number replay one case
pnpm suite                               lists the suites`

const SIZES = ['smoke', 'normal', 'slow']
const SLOWEST_FILES = 15

const root = fileURLToPath(new URL('../..', import.meta.url))
const env = { ...process.env, CI: '1', TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' }
let passed = 0
/** All failures, printed again at the end: a log of CI may contain only the last screens. */
const failures = []
/** The durations, printed at the end. */
const times = []

function title(text) {
  console.log(`\n== ${text}`)
}

/** Runs one step and records its seconds. */
function timed(name, work) {
  const start = performance.now()
  const done = work()
  times.push({ name, seconds: (performance.now() - start) / 1000 })
  return done
}

/** Runs a command as one check. */
function check(name, command, args) {
  title(`${name}: ${[command.replace(root, ''), ...args].join(' ')}`)
  const ok = timed(name, () => spawnSync(command, args, { cwd: root, stdio: 'inherit', env }).status === 0)
  if (ok) passed += 1
  else failures.push(name)
}

/** Adds the results of a vitest run. */
function count(report) {
  passed += report.passed
  failures.push(...report.failures)
}

/** Runs `npm test`, lint and types. */
function checkCode() {
  title('tests')
  const report = timed('tests', () => runVitest({ root, title: 'tests', args: [], env }))
  count(report)
  check('lint and format', join(root, 'node_modules/.bin/biome'), ['check', '--error-on-warnings', '.'])
  check('types', 'npm', ['run', '--silent', 'typecheck'])
  return report.files
}

function installNeeds(suites, size) {
  const needs = [...new Set(suites.flatMap((suite) => needsOf(suite, size)))]
  check('Debian packages for the suites', 'tools/suites/runner/install-debian-packages', needs)
}

function checkSuites(suites, size, options = {}) {
  installNeeds(suites, size)
  doSuites(suites, size, options)
}

function doSuites(suites, size, options = {}) {
  title(`suites: ${suites.map((suite) => `${suite.name} (${amountOf(suite, size, options.count)})`).join(', ')}`)
  const { seed, from } = options
  const replay = { ...(seed ? { DWH_SUITE_SEED: seed } : {}), ...(from ? { DWH_SUITE_FROM: from } : {}) }
  const report = runSuites({ root, suites, size, count: options.count, env: { ...env, ...replay } })
  count(report)
  for (const { name, amount, seconds } of report.times) times.push({ name: `${name}: ${amount}`, seconds })
}

function tellTimes(heading, rows) {
  title(heading)
  for (const { name, seconds } of [...rows].sort((a, b) => b.seconds - a.seconds))
    console.log(`${seconds.toFixed(1).padStart(8)} s  ${name}`)
}

function end(files = []) {
  tellTimes('seconds of each suite, longest first', times)
  const slowest = [...files].sort((a, b) => b.seconds - a.seconds).slice(0, SLOWEST_FILES)
  if (slowest.length > 0)
    tellTimes(
      'seconds of the slowest test files',
      slowest.map(({ path, seconds }) => ({ name: path, seconds })),
    )
  if (failures.length > 0) title('failures')
  // the beginning of a long message has the cause and the place
  for (const failure of failures) console.log(`\n${failure.slice(0, 4000)}`)
  console.log(`\n${passed} passed, ${failures.length} failed`)
  process.exitCode = failures.length === 0 ? 0 : 1
}

function refuse(message) {
  console.error(`${message}\n\n${USAGE}`)
  process.exit(2)
}

function argumentsOf(args) {
  const text = { type: 'string' }
  const flag = { type: 'boolean' }
  const options = { count: text, size: text, seed: text, from: text, changed: flag, list: flag, help: flag }
  try {
    return parseArgs({ args, options, allowPositionals: true })
  } catch (error) {
    return refuse(error.message)
  }
}

/** Prints and returns the suites that a change touches, with the reason. */
function tellChanged(ref) {
  const { base, files, touched } = changedSuites(root, ref)
  title(`${files} files changed since ${base.commit.slice(0, 12)}, the common ancestor with ${base.name}`)
  for (const { suite, because } of touched) console.log(`${suite.name.padEnd(22)} because ${because} changed`)
  if (touched.length === 0) console.log('the change touches no suite')
  return touched.map(({ suite }) => suite)
}

/** Runs one suite after another and records each result as it ends, so that an interruption loses nothing. */
function checkSlow(suites) {
  const { commit, changed } = checkedOut(root)
  if (changed)
    refuse(
      'check:slow: there are uncommitted changes, so no commit can be named for the result. Commit or stash them first.',
    )
  prepare()
  installNeeds(suites, 'slow')
  for (const suite of suites) {
    const [start, failedBefore] = [performance.now(), failures.length]
    doSuites([suite], 'slow')
    recordSlow({
      suite: suite.name,
      amount: amountOf(suite, 'slow'),
      date: new Date().toISOString().slice(0, 10),
      commit,
      minutes: (performance.now() - start) / 60_000,
      failures: failures.slice(failedBefore),
    })
  }
  end()
}

const [size = '', ...rest] = process.argv.slice(2)
const { values, positionals } = argumentsOf(rest)
if (values.help) console.log(USAGE)
else if (values.count !== undefined && !/^[1-9]\d*$/.test(values.count))
  refuse(`--count ${values.count}: not a positive whole number`)
else if (values.size !== undefined && !SIZES.includes(values.size))
  refuse(`--size ${values.size}: must be one of ${SIZES.join(', ')}`)
else if (size === 'suite' && positionals.length === 0) {
  for (const suite of SUITES) console.log(`${suite.name.padEnd(22)} ${amountOf(suite, 'normal')}: ${suite.covers}`)
} else if (size === 'suite') {
  const suites = suitesNamed(positionals)
  prepare()
  checkSuites(suites, values.size ?? 'normal', { ...values, count: values.count && Number(values.count) })
  end()
} else if (size === 'all' && values.changed) {
  const suites = tellChanged(positionals[0])
  if (!values.list && suites.length > 0) {
    prepare()
    checkSuites(suites, 'normal')
  }
  if (!values.list) end()
} else if (size === 'smoke' || size === 'all') {
  prepare()
  const files = checkCode()
  checkSuites(SUITES, size === 'smoke' ? 'smoke' : 'normal')
  end(files)
} else if (size === 'slow') checkSlow(positionals.length > 0 ? suitesNamed(positionals) : SUITES)
else refuse(`${size}: must be smoke, all, slow or suite`)
