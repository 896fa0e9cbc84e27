import { argv, exit } from 'node:process'
import { findingsOf, type Scenario } from './scenario.ts'
import { SCENARIOS } from './scenarios.ts'
import { search } from './search.ts'

const HELP = `bytes.mjs                      every scenario, then every hole, flaw and limit
bytes.mjs SCENARIO [FLAW...]   one scenario: "holds in all N states", or the shortest trace to a violation

The scenarios, and what is found in each:
${SCENARIOS.map(describe).join('\n')}`

function describe({ name, flaws = [], found }: Scenario): string {
  const lines = flaws.map((each) => `  ${each.name.padEnd(25)}${each.what}`)
  return [name, ...(found ? [`  ${`(${found.kind})`.padEnd(25)}${found.what}`] : []), ...lines].join('\n')
}

const [name, ...flaws] = argv.slice(2)
if (name === undefined) exit(all() ? 0 : 1)
const known = new Set(SCENARIOS.flatMap((each) => (each.flaws ?? []).flatMap((flaw) => [flaw.name, flaw.with])))
const chosen = SCENARIOS.find((each) => each.name === name)
if (!chosen || flaws.some((flaw) => !known.has(flaw))) {
  console.error(HELP)
  exit(2)
}
exit(holds(chosen, flaws) ? 0 : 1)

function holds(scenario: Scenario, flaws: readonly string[]): boolean {
  const { states, violation, trace } = search(scenario, new Set(flaws))
  if (violation === null) console.log(`${scenario.name}: holds in all ${states} states`)
  else console.log([`${scenario.name}: VIOLATION: ${violation}`, ...trace].join('\n  '))
  return violation === null
}

function all(): boolean {
  const held = SCENARIOS.filter(({ found }) => !found).map((scenario) => holds(scenario, []))
  const found = SCENARIOS.map(finds)
  return [...held, ...found].every(Boolean)
}

/** Looks for each flaw of a scenario. */
function finds(scenario: Scenario): boolean {
  let every = true
  for (const { flaws, ...finding } of findingsOf(scenario)) {
    const { violation } = search(scenario, new Set(flaws))
    const isFound = violation?.includes(finding.violation) ?? false
    const title = [finding.kind, flaws.join(' with ')].join(' ').trim()
    console.log(`${scenario.name}: ${title} ${isFound ? 'found' : 'NOT FOUND'}: ${violation ?? 'no violation'}`)
    every &&= isFound
  }
  return every
}
