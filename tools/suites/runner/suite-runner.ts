import type { RunnerTestCase, RunnerTestFile, RunnerTestSuite } from 'vitest'
import { TestRunner } from 'vitest'

declare module 'vitest' {
  interface TaskMeta {
    /** The count of its suite does not reach it. */
    leftOut?: boolean
  }
}

interface FileCount {
  readonly file: string
  readonly count: number | 'all'
  readonly unit: string
}

/** The runner of vitest, which runs the first tests of a file, as many as the count of its suite says where the suite counts tests. */
export default class SuiteRunner extends TestRunner {
  onBeforeRunFiles(files: RunnerTestFile[]): void {
    const { counts = [] } = JSON.parse(process.env.DWH_SUITES ?? '{}') as { counts?: FileCount[] }
    for (const file of files) {
      const found = counts.find((each) => each.file === file.name)
      if (found?.unit === 'tests' && found.count !== 'all') leaveOut(file, found.count)
    }
  }
}

/** Leaves out the tests after the first `count`, and a block of tests with none of those: what it prepares is not prepared. */
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
