import { readFileSync } from 'node:fs'
import { suiteCount } from '@dwh/test-kit'
import { describe, expect, test } from 'vitest'
import { findingsOf } from './scenario.ts'
import { SCENARIOS } from './scenarios.ts'
import { search } from './search.ts'

/**
 * The number of states of each scenario; of those that show a limit: until it is found. Another number means that the
 * model changed.
 */
const STATES: Readonly<Record<string, number>> = {
  'no conditions, both believe': 75,
  'etl.json is lost before the record': 164,
  'no conditions, copies of what was undone': 407,
  'verify, a file is lost': 624,
  'a run id twice': 826,
  'dev as first written': 862,
  'no conditions, a write on its way': 1_059,
  'verify of a warehouse of state 3': 3_615,
  'a file is lost': 4_402,
  verify: 5_200,
  'etl.json and a file are lost': 6_315,
  'a list is lost': 18_388,
  'etl.json is lost, two repairs': 18_916,
  'copies of two days': 25_076,
  'state 3, a failed run': 27_977,
  'dev shares': 42_402,
  'copies of a day that goes': 45_808,
  'copies, any sleep, no repair': 46_352,
  'copies, sleeping less than the grace': 47_618,
  'dev shares, first': 50_191,
  'copies with a condition': 51_928,
  'no conditions, the lease and plain copies': 60_987,
  'copies by links': 76_224,
  'state 3, a past day': 83_028,
  'dev copies, first': 99_388,
  'two months, etl.json is lost': 106_524,
  'copies, any sleep, then repair': 112_737,
  'two months, one goes': 123_330,
  'two collectors': 125_661,
  'a list is made again': 125_958,
  'two months, prune over both': 153_014,
  'a failed run': 171_398,
  'etl.json is lost': 195_348,
  'names again, and prune': 222_920,
  'replaced, but shared': 263_034,
  'state 3, then prune': 272_321,
  'verify and prune': 334_536,
  'lists that name plain paths': 338_277,
  'state 3, taken over': 351_728,
  'a file is made again, for two months': 353_137,
  'two months, a run for a past day': 414_740,
  'no conditions, two at once': 417_435,
  'the first run': 423_368,
  'no conditions, one day at once': 424_182,
  'one day': 436_406,
  'no conditions, the lease': 483_948,
  'two days of a month': 550_519,
  'dev copies': 645_657,
  'dev shares, two collectors': 686_954,
  'lost answers': 756_685,
  'the catalog file': 850_122,
  'two months, three runs': 1_380_162,
}

/** Scenarios with the fewest states first. */
const scenarios = [...SCENARIOS].sort((a, b) => STATES[a.name]! - STATES[b.name]!)
const chosen = scenarios.slice(0, suiteCount('protocol-bytes'))
const held = chosen.filter(({ found }) => !found)
const findings = chosen.flatMap((scenario) => findingsOf(scenario).map((finding) => ({ scenario, finding })))

describe('immutable bytes: no violation in any state', { timeout: 300_000 }, () => {
  test.each(held.map((scenario) => [scenario.name, scenario] as const))('%s', (name, scenario) => {
    expect(search(scenario)).toEqual({ states: STATES[name], violation: null, trace: [] })
  })
})

describe('immutable bytes, broken on purpose: violation found', { timeout: 300_000 }, () => {
  const cases = findings.map((each) => [each.scenario.name, each.finding.flaws.join(' with '), each] as const)
  test.each(cases)('%s: %s', (_, __, { scenario, finding }) => {
    const { violation, trace } = search(scenario, new Set(finding.flaws))
    expect(violation).toContain(finding.violation)
    expect(trace.length).toBeGreaterThan(1)
  })
})

test('README: has each scenario with its number of states, and each hole, flaw and limit', () => {
  // without the padding of its table
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8').replace(/ +/g, ' ')
  for (const { name, found } of SCENARIOS)
    expect(readme).toContain(found ? `| ${name} | ${found.kind} |` : `\n${name}: holds in all ${STATES[name]} states\n`)
  for (const { flaws, what } of SCENARIOS.flatMap(findingsOf))
    expect(readme).toContain(
      `| ${flaws.map((flaw) => `\`${flaw}\``).join(' with ')}${flaws.length > 0 ? ' ' : ''}| ${what} |`,
    )
})
