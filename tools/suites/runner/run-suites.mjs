import { availableParallelism } from 'node:os'
import { amountOf, countsOf, needsOf } from './list-suites.mjs'
import { runVitest } from './run-vitest.mjs'

const NOTHING = { passed: 0, failures: [], files: [] }

/**
 * Runs suites at their size or at `count`: in parallel on all cores, then the suites with `alone`, one at a time.
 * @returns the number of passed tests, the text of each failure, and `{ name, amount, seconds }` for each suite
 */
export function runSuites({ root, suites, size, count, env }) {
  const counts = suites.flatMap((suite) =>
    countsOf(suite, size, count).map((each) => ({
      ...each,
      suite: suite.name,
      unit: suite.unit,
      needs: needsOf(suite, size),
    })),
  )
  const alone = new Set(suites.filter((suite) => suite.alone && size !== 'smoke').flatMap(({ files }) => files))
  const files = counts.filter((each) => each.count !== 0).map(({ file }) => file)
  const run = (some, workers) =>
    some.length === 0
      ? NOTHING
      : runVitest({
          root,
          title: 'suites',
          args: ['--config', 'vitest.extras.config.ts', ...workers, ...some],
          env: { ...env, DWH_SUITES: JSON.stringify({ counts }) },
        })
  // most tests wait as much as they compute; smoke tests wait more
  const together = ['--fileParallelism', ...(size === 'smoke' ? [] : [`--maxWorkers=${availableParallelism()}`])]
  const reports = [
    run(
      files.filter((file) => !alone.has(file)),
      together,
    ),
    run(
      files.filter((file) => alone.has(file)),
      [],
    ),
  ]
  const report = {
    passed: reports.reduce((sum, { passed }) => sum + passed, 0),
    failures: reports.flatMap(({ failures }) => failures),
    files: reports.flatMap(({ files }) => files),
  }
  const times = suites.map((suite) => {
    const ran = report.files.filter(({ path }) => suite.files.includes(path))
    return {
      name: suite.name,
      amount: amountOf(suite, size, count),
      seconds: ran.reduce((sum, { seconds }) => sum + seconds, 0),
      tests: ran.reduce((sum, { tests }) => sum + tests, 0),
    }
  })
  const idle = times.filter(({ tests }) => tests === 0).map(({ name }) => `suite ${name}: ran no test`)
  return { passed: report.passed, failures: [...report.failures, ...idle], times }
}
