import { expect, inject, onTestFinished, test } from 'vitest'
import { buildChild } from './build-child.ts'
import { SCENARIOS } from './scenarios.ts'

const TIMEOUT_MS = 30 * 60 * 1000

test.each(Object.keys(SCENARIOS))(
  '%s',
  async (name) => {
    const program = await buildChild()
    onTestFinished(() => program.remove())
    const outcome = await SCENARIOS[name]?.({
      postgresUrl: inject('postgresUrl'),
      program: program.path,
      note: (line) => console.log(line),
    })
    console.log(outcome?.text)
    expect(outcome).toMatchObject({ broken: 0 })
  },
  TIMEOUT_MS,
)
