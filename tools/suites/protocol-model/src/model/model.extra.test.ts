import { suiteCount } from '@dwh/test-kit'
import { describe, expect, test } from 'vitest'
import { explore } from './explore.ts'
import { FLAWS, SCENARIOS } from './scenarios.ts'

/** How many states there are is known: another number is another model. */
const STATES: Readonly<Record<string, number>> = {
  'one day': 1_648_178,
  'a past day': 302_100,
  'some tables': 381_016,
  'late copies': 342_510,
  'the end of the grace': 2_082_502,
  'lost answers': 566_766,
  'a lease taken over': 131_958,
}

/** Those with the fewest states first. */
const scenarios = [...SCENARIOS].sort((a, b) => (STATES[a.name] ?? 0) - (STATES[b.name] ?? 0))
const COUNT = suiteCount('protocol-model')

describe('the protocol holds', { timeout: 300_000 }, () => {
  test.each(scenarios.slice(0, COUNT).map((scenario) => [scenario.name, scenario] as const))('%s', (name, scenario) => {
    expect(explore(scenario)).toEqual({ states: STATES[name], violation: null, trace: [] })
  })
})

describe('each way to get it slightly wrong is found', { timeout: 300_000 }, () => {
  test.each(Object.entries(FLAWS).slice(0, COUNT))('%s', (flaw, { scenario: name, violation }) => {
    const scenario = SCENARIOS.find((each) => each.name === name)!
    const found = explore(scenario, new Set([flaw]))
    expect(found.violation).toContain(violation)
    expect(found.trace.length).toBeGreaterThan(5)
  })
})
