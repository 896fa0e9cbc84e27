// `pnpm check`, which is exactly what CI runs: every check, required; then one line that says how many passed and failed.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const results = mkdtempSync(join(tmpdir(), 'dwh-check-'))
const bin = (name) => join(root, 'node_modules/.bin', name)

const env = { ...process.env, CI: '1', TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' }
let passed = 0
/** What failed, told once more at the end: a record of CI may keep no more than the last screens. */
const failures = []

/** Runs a command on this screen; true when it went well. */
function run(title, command, args) {
  console.log(`\n== ${title}: ${[command.replace(root, ''), ...args].join(' ')}`)
  return spawnSync(command, args, { cwd: root, stdio: 'inherit', env }).status === 0
}

function check(title, command, args) {
  if (run(title, command, args)) passed += 1
  else failures.push(title)
}

/** Counts each test of a suite. */
function suite(title, command, args) {
  const file = join(results, `${title}.json`)
  const reporters = ['--reporter=default', '--reporter=./tools/check-reporter.mjs', `--outputFile.check=${file}`]
  const ok = run(title, command, [...args, ...reporters])
  const report = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null
  passed += report?.passed ?? 0
  failures.push(...(report?.failures ?? []))
  if (report === null) failures.push(`${title}: ended before it was done`)
  else if (!ok && report.failures.length === 0) failures.push(`${title}: ended with an error`)
}

suite('tests', 'npm', ['test', '--'])
check('lint and format', bin('biome'), ['check', '--error-on-warnings', '.'])
check('types', bin('tsc'), ['--noEmit'])
check('what the extras are tested with', 'tools/install-debian-packages', [])
suite('extras', bin('vitest'), ['run', '--config', 'vitest.extras.config.ts'])

rmSync(results, { recursive: true, force: true })
if (failures.length > 0) console.log('\n== what failed')
// of a long message the beginning says what, and where
for (const failure of failures) console.log(`\n${failure.slice(0, 4000)}`)
console.log(`\n${passed} passed, ${failures.length} failed`)
process.exitCode = failures.length === 0 ? 0 : 1
