import { flaw } from '../flaw.ts'
import { COLLECTOR, only, prune } from '../make-actors.ts'
import type { Actor, Scenario } from '../scenario.ts'
import { NO, TWO } from './publishing.ts'

const VERIFIER: Actor = { kind: 'verify', name: 'verify' }

/** `verify` beside runs and collectors, for longer than the grace. */
export const VERIFY: readonly Scenario[] = [
  {
    name: 'verify',
    before: TWO,
    merged: true,
    actors: [only('1', 1, 'a', NO), COLLECTOR, VERIFIER],
    flaws: [
      flaw('verify-looks-once', 'verify does not look at `etl.json` again before it reports', 'which is not damaged'),
      flaw(
        'verify-keeps-old-lists',
        'verify skips an index that is gone, and does not go on with the new one',
        'has not looked at',
      ),
    ],
  },
  {
    name: 'verify and prune',
    before: TWO,
    merged: true,
    actors: [prune('1', [0], NO), only('2', 2, 'a', NO), COLLECTOR, VERIFIER],
  },
  {
    name: 'verify of a warehouse of state 3',
    before: { days: { 0: { a: '@a/0=F.0a' } }, old: true },
    merged: true,
    actors: [only('1', 0, 'a'), COLLECTOR, VERIFIER],
    flaws: [flaw('verify-looks-once', 'nor at a plain path that has other bytes by now', 'which is not damaged')],
  },
  {
    name: 'verify, a file is lost',
    before: { ...TWO, lost: ['F.0a'] },
    faulty: 'F.0a',
    merged: true,
    actors: [only('1', 1, 'a', NO), COLLECTOR, VERIFIER],
  },
]
