import { suiteCount } from '@dwh/test-kit'
import { describe, expect, test } from 'vitest'
import { explore } from './explore.ts'
import { FLAWS, SCENARIOS } from './scenarios.ts'

/** The number of states of each scenario. A different number means that the model changed. */
const STATES: Readonly<Record<string, number>> = {
  'one day': 1_648_178,
  'a past day': 302_100,
  'some tables': 381_016,
  'late copies': 342_510,
  'retention ends': 2_082_502,
  'lost answers': 566_766,
  'a lease taken over': 131_958,
}

/** Scenarios with the fewest states first. */
const scenarios = [...SCENARIOS].sort((a, b) => (STATES[a.name] ?? 0) - (STATES[b.name] ?? 0))
const COUNT = suiteCount('protocol-model')

describe('correct protocol: no violation in any state', { timeout: 300_000 }, () => {
  test.each(scenarios.slice(0, COUNT).map((scenario) => [scenario.name, scenario] as const))('%s', (name, scenario) => {
    expect(explore(scenario)).toEqual({ states: STATES[name], violation: null, trace: [] })
  })
})

describe('protocol with a flaw: violation found', { timeout: 300_000 }, () => {
  test.each(Object.entries(FLAWS).slice(0, COUNT))('%s', (flaw, { scenario: name, violation }) => {
    const scenario = SCENARIOS.find((each) => each.name === name)!
    const found = explore(scenario, new Set([flaw]))
    expect(found.violation).toContain(violation)
    expect(found.trace.length).toBeGreaterThan(5)
  })
})
