import { flaw, hole } from '../flaw.ts'
import { accident, COLLECTOR, only, prune, READER, repair } from '../make-actors.ts'
import type { Before, Scenario } from '../scenario.ts'
import { NO } from './publishing.ts'

/** Days 0 to 9 are in one month, days 10 to 19 in the next. */
const TWO_MONTHS: Before = { days: { 0: { a: 'F.0a' }, 10: { a: 'F.0x' } }, plain: false }
const LONGER: Before = {
  days: { 0: { a: 'F.0a' }, 1: { a: 'F.0b' }, 10: { a: 'F.0x' }, 11: { a: 'F.0y' } },
  plain: false,
}

/** Two months, each with an index: `etl.json` names both. */
export const MONTHS: readonly Scenario[] = [
  {
    name: 'two months, a run for a past day',
    before: TWO_MONTHS,
    afterwards: 'run',
    actors: [only('1', 11, 'a', NO), only('2', 0, 'a', NO), COLLECTOR, READER],
    flaws: [
      flaw(
        'months-apart',
        'a run commits on another base, since the index of its month is the same',
        'etl.json reaches',
      ),
      flaw('forgets-other-months', 'a commit names the index of its own month only', 'the lists say'),
    ],
  },
  {
    name: 'two months, three runs',
    before: TWO_MONTHS,
    merged: true,
    afterwards: 'run',
    actors: [only('1', 11, 'a', NO), only('2', 12, 'a', NO), only('3', 1, 'a', NO), COLLECTOR],
    flaws: [
      flaw(
        'index-of-older-base',
        'a run writes the index of its month from another base than that of its commit',
        'the lists say',
      ),
    ],
  },
  {
    name: 'two months, prune over both',
    before: LONGER,
    merged: true,
    afterwards: 'run',
    actors: [only('1', 1, 'a', { ...NO, again: { a: 0 } }), prune('2', [0, 10], NO), COLLECTOR, READER],
    flaws: [flaw('retires-one-month', 'a removal retires the lists and files of one month only', 'within the grace')],
  },
  {
    name: 'two months, one goes',
    before: TWO_MONTHS,
    merged: true,
    afterwards: 'run',
    actors: [only('1', 1, 'a', NO), prune('2', [0], NO), COLLECTOR, READER],
  },
  {
    name: 'two months, etl.json is lost',
    before: { ...TWO_MONTHS, records: true },
    records: true,
    merged: true,
    ticks: 1,
    actors: [only('1', 10, 'a', NO), prune('2', [0], NO), accident('etl.json'), repair('etl.json'), COLLECTOR],
    flaws: [
      hole(
        'newest-of-each-month',
        'repair takes the newest recorded index of each month: a month that went is back',
        'the lists say',
      ),
      hole('newest-index', 'repair takes the newest index of each month by name', 'the lists say'),
    ],
  },
]
