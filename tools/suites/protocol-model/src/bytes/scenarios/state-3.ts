import { flaw, hole } from '../flaw.ts'
import { COLLECTOR, FAILING, only, prune, READER } from '../make-actors.ts'
import type { Before, Scenario } from '../scenario.ts'

/** Lists at fixed keys that name plain paths, and an `etl.json` that names no index. */
const OLD: Before = { days: { 0: { a: '@a/0=F.0a' }, 1: { a: '@a/1=F.0b' } }, old: true }

/** A warehouse of state 1 to 3, which the first commit takes over. */
export const STATE_3: readonly Scenario[] = [
  {
    name: 'state 3, taken over',
    before: OLD,
    merged: true,
    afterwards: 'run',
    actors: [only('1', 1, 'a'), only('2', 2, 'a', { again: { a: 1 } }), COLLECTOR, READER],
    flaws: [
      flaw('no-adopt', 'a run names a plain path again', 'plain copy'),
      flaw('takes-over-own-day', 'the first commit takes over the list of its own day only', 'the lists say'),
      flaw('takes-over-without-grace', 'the first commit does not retire the lists at fixed keys', 'within the grace'),
    ],
  },
  {
    name: 'state 3, a past day',
    before: OLD,
    merged: true,
    afterwards: 'run',
    ticks: 2,
    actors: [only('1', 0, 'a'), only('2', 0, 'a'), COLLECTOR, READER],
    flaws: [
      flaw('plain-named', 'the plain path is refreshed while a list of before names it', '@a/0'),
      flaw('takes-over-fixed-keys', 'the first run writes its list at its fixed key', 'the lists say'),
    ],
  },
  {
    name: 'state 3, then prune',
    before: OLD,
    merged: true,
    afterwards: 'run',
    actors: [only('1', 1, 'a'), prune('2', [0]), COLLECTOR, READER],
  },
  {
    name: 'state 3, a failed run',
    before: OLD,
    afterwards: 'run',
    ticks: 2,
    actors: [only('1', 2, 'a'), FAILING, COLLECTOR, READER],
    flaws: [
      hole(
        'note-takes-over',
        'the note of a failure writes the new version, which names no index yet',
        'the lists say {}',
      ),
    ],
  },
]
