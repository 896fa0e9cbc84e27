import type { RunnerTestCase, RunnerTestFile, RunnerTestSuite } from 'vitest'
import { TestRunner } from 'vitest'

declare module 'vitest' {
  interface TaskMeta {
    /** True if the test is beyond the count of its suite. */
    leftOut?: boolean
  }
}

interface FileCount {
  readonly file: string
  readonly count: number | 'all'
  readonly unit: string
}

/** A vitest runner for suites that count tests: it runs only the first tests of a file. */
export default class SuiteRunner extends TestRunner {
  onBeforeRunFiles(files: RunnerTestFile[]): void {
    const { counts = [] } = JSON.parse(process.env.DWH_SUITES ?? '{}') as { counts?: FileCount[] }
    for (const file of files) {
      const found = counts.find((each) => each.file === file.name)
      if (found?.unit === 'tests' && found.count !== 'all') leaveOut(file, found.count)
    }
  }
}

/**
 * Leaves out the tests after the first `count`. A block without remaining tests is skipped as a whole, with its hooks.
 */
function leaveOut(file: RunnerTestFile, count: number): void {
  let left = count
  const visit = (suite: RunnerTestSuite): boolean => {
    let some = false
    for (const task of suite.tasks) {
      if (task.type === 'suite') some = visit(task) || some
      else if (left > 0) {
        left -= 1
        some = true
      } else skip(task)
    }
    if (!some) {
      suite.mode = 'skip'
      suite.meta.leftOut = true
    }
    return some
  }
  visit(file)
}

function skip(test: RunnerTestCase): void {
  test.mode = 'skip'
  test.result = { state: 'skip' }
  test.meta.leftOut = true
}
