import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * Runs vitest with its output on the terminal, and counts.
 * @returns the number of passed tests, the text of each failure, and the files with their seconds
 */
export function runVitest({ root, title, args, env }) {
  const folder = mkdtempSync(join(tmpdir(), 'dwh-check-'))
  try {
    const file = join(folder, 'report.json')
    const reporters = [
      '--reporter=default',
      '--reporter=./tools/suites/runner/check-reporter.mjs',
      `--outputFile.check=${file}`,
    ]
    const command = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', ...args, ...reporters]
    const { status } = spawnSync(process.execPath, command, { cwd: root, stdio: 'inherit', env })
    if (!existsSync(file)) return { passed: 0, failures: [`${title}: ended before it was done`], files: [] }
    const report = JSON.parse(readFileSync(file, 'utf8'))
    if (status !== 0 && report.failures.length === 0) report.failures.push(`${title}: ended with an error`)
    return report
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
