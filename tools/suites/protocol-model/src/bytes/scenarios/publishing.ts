import { flaw, hole } from '../flaw.ts'
import { COLLECTOR, FAILING, full, only, prune, READER } from '../make-actors.ts'
import type { Before, Scenario } from '../scenario.ts'

/** Plain copies are not looked at. */
export const NO = { plain: false } as const
export const ONE: Before = { days: { 0: { a: 'F.0a' } }, plain: false }
export const TWO: Before = { days: { 0: { a: 'F.0a' }, 1: { a: 'F.0x' } }, plain: false }
/** Two days name one file. */
export const SHARED: Before = { days: { 0: { a: 'F.0a' }, 1: { a: 'F.0a' } } }

/** Runs, removals, notes of a failure, collectors and readers in one month, without plain copies. */
export const PUBLISHING: readonly Scenario[] = [
  {
    name: 'one day',
    before: { days: { 1: { a: 'F.0a', b: 'F.0b' } }, plain: false },
    afterwards: 'run',
    actors: [only('1', 1, 'a', NO), only('2', 1, 'b', NO), COLLECTOR, READER],
    flaws: [
      hole('until-at-commit', 'the end of the grace is computed before the commit', 'within the grace'),
      flaw('delete-without-token', 'the collector deletes without raising the fencing token', 'etl.json reaches'),
      flaw('delete-before-token', 'the collector deletes before it raises the fencing token', 'etl.json reaches'),
      flaw('list-of-own', 'a run of some tables writes a list of those alone', 'the lists say'),
    ],
  },
  {
    name: 'two days of a month',
    before: { days: { 0: { a: 'F.0a', b: 'F.0b' } }, plain: false },
    afterwards: 'run',
    actors: [full('1', 1, NO), only('2', 0, 'a', NO), COLLECTOR, READER],
    flaws: [
      hole(
        'retired-shallow',
        'only what `etl.json` names directly is retired, not the replaced list of a day and its files',
        'within the grace',
      ),
      flaw('commit-blind', 'a run commits on any `etl.json`', 'no longer so'),
    ],
  },
  {
    name: 'names again, and prune',
    before: TWO,
    afterwards: 'run',
    actors: [only('1', 2, 'a', { ...NO, again: { a: 0 } }), prune('2', [0], NO), COLLECTOR, READER],
    flaws: [flaw('plans-on-older', 'a run names again what an `etl.json` before its base named', 'etl.json reaches')],
  },
  {
    name: 'replaced, but shared',
    before: { ...SHARED, plain: false },
    afterwards: 'run',
    actors: [only('1', 1, 'a', NO), prune('2', [0], NO), COLLECTOR, READER],
    flaws: [
      hole(
        'expired-is-dead',
        'what is past its grace is deleted, though another list still names it',
        'etl.json reaches',
      ),
    ],
  },
  {
    name: 'two collectors',
    before: ONE,
    afterwards: 'run',
    actors: [only('1', 1, 'a', NO), only('2', 1, 'a', { ...NO, collects: true }), COLLECTOR],
    flaws: [
      flaw(
        'stale-list',
        'a collector that could not raise the token tries again, and keeps its list',
        'etl.json reaches',
      ),
    ],
  },
  {
    name: 'a failed run',
    before: ONE,
    merged: true,
    afterwards: 'run',
    actors: [only('1', 0, 'a', NO), only('2', 1, 'a', NO), FAILING, COLLECTOR],
    flaws: [
      hole('retry-in-failure-only', 'a run loses when `pending` was cleared meanwhile', 'nobody has won'),
      flaw('retry-over-token', 'a run tries again although the token was raised', 'etl.json reaches'),
      flaw('note-stale', 'the note of a failure puts back the `etl.json` that it read', 'the lists say'),
    ],
  },
  {
    name: 'lost answers',
    before: ONE,
    afterwards: 'run',
    ticks: 2,
    actors: [only('1', 1, 'a', { ...NO, lost: true }), only('2', 1, 'a', NO), FAILING, COLLECTOR],
    flaws: [
      flaw('lost-is-failed', 'a commit without an answer is taken for a failure, and cleaned up', 'etl.json reaches'),
      flaw('abandon-uncertain', 'a run that cannot know cleans up', 'etl.json reaches'),
    ],
  },
  {
    name: 'the first run',
    before: { days: null, plain: false },
    actors: [only('1', 0, 'a', NO), only('2', 0, 'b', NO), COLLECTOR, READER],
    flaws: [
      hole(
        'first-in-place',
        'the first run creates `etl.json` by its commit, and a collector goes by an absent one',
        'etl.json reaches',
        { with: 'absent-is-empty' },
      ),
    ],
  },
  {
    name: 'a run id twice',
    before: ONE,
    actors: [only('1', 1, 'a', NO), { ...only('1', 0, 'a', NO), only: 'run-id-twice' }, COLLECTOR],
    flaws: [flaw('run-id-twice', 'two runs have one id', 'the lists say')],
  },
]
