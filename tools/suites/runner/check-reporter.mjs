// Writes the results of a vitest run for tools/repo/check.mjs, as JSON, to the file of `--outputFile.check`: the number
// of passed tests, the text of each failure, and the seconds of each file. vitest's own JSON reporter leaves out errors
// outside of tests.
import { writeFileSync } from 'node:fs'

/** Returns the message, the difference to the expected value, and the stack in our own code. */
function text(errors = []) {
  return errors
    .flatMap(({ message, stack, diff }) => [stack ?? message, diff ?? []])
    .join('\n')
    .split('\n')
    .filter((line) => !/^\s+at .*node_modules/.test(line))
    .join('\n')
}

/** Whether the count of its suite leaves out this test or block of tests. */
function isLeftOut(task) {
  return task.type !== 'module' && (task.meta().leftOut === true || isLeftOut(task.parent))
}

/** Counts tests, as a `Reporter` of vitest. */
export default class CheckReporter {
  onInit(vitest) {
    this.file = vitest.config.outputFile.check
  }

  onTestRunEnd(modules, unhandled) {
    let passed = 0
    const failures = []
    const files = []
    for (const module of modules) {
      const path = module.relativeModuleId
      const { collectDuration, duration } = module.diagnostic()
      // tests beyond the count of the suite do not count
      const tests = [...module.children.allTests()].filter((test) => !isLeftOut(test))
      files.push({ path, seconds: (collectDuration + duration) / 1000, tests: tests.length })
      for (const test of tests) {
        const result = test.result()
        if (result.state === 'passed') passed += 1
        // a skipped test fails the check: CI must run it
        else failures.push(`${path} > ${test.fullName}: ${result.state}\n${text(result.errors)}`)
      }
      for (const suite of module.children.allSuites()) {
        if (suite.errors().length > 0) failures.push(`${path} > ${suite.fullName}\n${text(suite.errors())}`)
      }
      if (module.errors().length > 0) failures.push(`${path}\n${text(module.errors())}`)
    }
    for (const error of unhandled) failures.push(`outside of any test: ${text([error])}`)
    writeFileSync(this.file, JSON.stringify({ passed, failures, files }))
  }
}
