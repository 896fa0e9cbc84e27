import { argv, exit } from 'node:process'
import { explore } from './explore.ts'
import { FLAWS, SCENARIOS } from './scenarios.ts'

const HELP = `model.mjs               every scenario: prints "holds in all N states", or the shortest trace to a violation
model.mjs FLAW...       breaks the protocol on purpose; the model finds each of these flaws:
${Object.entries(FLAWS)
  .map(([flaw, { what }]) => `  ${flaw.padEnd(25)}${what}`)
  .join('\n')}`

const flaws = new Set(argv.slice(2))
if ([...flaws].some((flaw) => !(flaw in FLAWS))) {
  console.error(HELP)
  exit(2)
}
const wanted = new Set([...flaws].map((flaw) => FLAWS[flaw]?.scenario))
let failed = false
for (const scenario of SCENARIOS) {
  if (flaws.size > 0 && !wanted.has(scenario.name)) continue
  const { states, violation, trace } = explore(scenario, flaws)
  if (violation === null) console.log(`${scenario.name}: holds in all ${states} states`)
  else console.log([`${scenario.name}: VIOLATION: ${violation}`, ...trace].join('\n  '))
  failed ||= violation !== null
}
exit(failed ? 1 : 0)
