import { amountOf, countsOf, needsOf } from './list-suites.mjs'
import { runVitest } from './run-vitest.mjs'

/**
 * Runs suites, each as much as its size says or `count` does, in one run of vitest.
 * @returns how many tests passed, the text of each failure, and `{ name, amount, seconds }` of each suite
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
  const files = counts.filter((each) => each.count !== 0).map(({ file }) => file)
  const report = runVitest({
    root,
    title: 'suites',
    // a smoke waits more than it works
    args: ['--config', 'vitest.extras.config.ts', ...(size === 'smoke' ? ['--fileParallelism'] : []), ...files],
    env: { ...env, DWH_SUITES: JSON.stringify({ counts }) },
  })
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
