// `pnpm check`, which is exactly what CI runs: every check, required; then one line that says how many passed and failed.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const results = mkdtempSync(join(tmpdir(), 'dwh-check-'))
const bin = (name) => join(root, 'node_modules/.bin', name)

const env = { ...process.env, CI: '1', TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' }
let passed = 0
let failed = 0

/** Runs a command on this screen; true when it went well. */
function run(title, command, args) {
  console.log(`\n== ${title}: ${[command.replace(root, ''), ...args].join(' ')}`)
  return spawnSync(command, args, { cwd: root, stdio: 'inherit', env }).status === 0
}

function check(title, command, args) {
  if (run(title, command, args)) passed += 1
  else failed += 1
}

/** Counts each test of a suite; one that was skipped is one that CI did not see, and so a failure. */
function suite(title, command, args) {
  const file = join(results, `${title}.json`)
  const ok = run(title, command, [...args, '--reporter=default', '--reporter=json', `--outputFile.json=${file}`])
  let report
  try {
    report = JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    failed += 1
    return
  }
  const skipped = report.numPendingTests + report.numTodoTests
  passed += report.numPassedTests
  failed += report.numFailedTests + skipped
  // a suite that fails as a whole counts no test of its own
  if (!ok && report.numFailedTests + skipped === 0) failed += 1
  if (skipped > 0) {
    console.log(`\n${skipped} skipped, which CI counts as failed:`)
    const pending = report.testResults.flatMap(({ assertionResults }) =>
      assertionResults.filter(({ status }) => status !== 'passed' && status !== 'failed'),
    )
    for (const { fullName } of pending) console.log(`  ${fullName}`)
  }
}

suite('tests', 'npm', ['test', '--'])
check('lint and format', bin('biome'), ['check', '--error-on-warnings', '.'])
check('types', bin('tsc'), ['--noEmit'])
check('what the extras are tested with', 'tools/install-debian-packages', [])
suite('extras', bin('vitest'), ['run', '--config', 'vitest.extras.config.ts'])

rmSync(results, { recursive: true, force: true })
console.log(`\n${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
