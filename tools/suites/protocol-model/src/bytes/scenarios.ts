import type { Scenario } from './scenario.ts'
import { ENVIRONMENTS } from './scenarios/environments.ts'
import { MONTHS } from './scenarios/months.ts'
import { NO_CONDITIONS } from './scenarios/no-conditions.ts'
import { PLAIN_COPIES } from './scenarios/plain-copies.ts'
import { PUBLISHING } from './scenarios/publishing.ts'
import { REPAIRS } from './scenarios/repairs.ts'
import { STATE_3 } from './scenarios/state-3.ts'
import { VERIFY } from './scenarios/verify.ts'

/** Every scenario. The protocol holds in those without `found`. */
export const SCENARIOS: readonly Scenario[] = [
  ...PUBLISHING,
  ...PLAIN_COPIES,
  ...ENVIRONMENTS,
  ...REPAIRS,
  ...MONTHS,
  ...STATE_3,
  ...VERIFY,
  ...NO_CONDITIONS,
]
