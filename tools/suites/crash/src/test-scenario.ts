import { serverUrl, suiteCount, suiteReplay } from '@dwh/test-kit'
import { expect, onTestFinished, test } from 'vitest'
import { buildChild } from './build-child.ts'
import { SCENARIOS } from './scenarios.ts'

const TIMEOUT_MS = 4 * 60 * 60 * 1000

/** Defines the suite `crash-<name>`: runs its scenario `suiteCount` times. */
export function testScenario(name: keyof typeof SCENARIOS): void {
  test(
    name,
    async () => {
      const program = await buildChild()
      onTestFinished(() => program.remove())
      const outcome = await SCENARIOS[name]({
        postgresUrl: await serverUrl(),
        program: program.path,
        ...suiteReplay(),
        count: suiteCount(`crash-${name}`),
        note: (line) => console.log(line),
      })
      console.log(outcome.text)
      expect(outcome).toMatchObject({ broken: 0 })
    },
    TIMEOUT_MS,
  )
}
