// What tools/repo/check.mjs reads of a run, as JSON in the file of `--outputFile.check`: how many tests passed, what failed, with its text, and how long each file took.
// vitest's own JSON reporter leaves out the errors that happen outside of any test.
import { writeFileSync } from 'node:fs'

/** What errors say, what was expected, and where in our own code. */
function text(errors = []) {
  return errors
    .flatMap(({ message, stack, diff }) => [stack ?? message, diff ?? []])
    .join('\n')
    .split('\n')
    .filter((line) => !/^\s+at .*node_modules/.test(line))
    .join('\n')
}

/** A test, or a block of tests around it, that the count of its suite does not reach. */
function isLeftOut(task) {
  return task.type !== 'module' && (task.meta().leftOut === true || isLeftOut(task.parent))
}

/** The `Reporter` of vitest that counts. */
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
      // those that the count of a suite leaves out are no part of it
      const tests = [...module.children.allTests()].filter((test) => !isLeftOut(test))
      files.push({ path, seconds: (collectDuration + duration) / 1000, tests: tests.length })
      for (const test of tests) {
        const result = test.result()
        if (result.state === 'passed') passed += 1
        // one that was skipped is one that CI did not see
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
