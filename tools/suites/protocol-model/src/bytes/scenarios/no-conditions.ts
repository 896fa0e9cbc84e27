import { flaw, hole } from '../flaw.ts'
import { COLLECTOR, only, prune } from '../make-actors.ts'
import type { Scenario } from '../scenario.ts'
import { NO, ONE, SHARED, TWO } from './publishing.ts'

const LEASED = { ...NO, leased: true } as const

/** A store where puts of `etl.json` always win: what the lease and the wait of 7 days are good for. */
export const NO_CONDITIONS: readonly Scenario[] = [
  {
    name: 'no conditions, the lease',
    before: ONE,
    merged: true,
    unconditional: 'strict',
    afterwards: 'run',
    ticks: 7,
    actors: [only('1', 0, 'a', LEASED), only('2', 1, 'a', { ...LEASED, collects: true }), only('3', 0, 'a', LEASED)],
    flaws: [
      hole('lock-not-read-back', 'a run that has written the lock takes it for its own', 'the lists say'),
      flaw('lock-read-back-at-once', 'a run reads the lock back without a pause', 'the lists say'),
      flaw('lease-not-checked', 'a run writes after its lease is over', 'the lists say'),
    ],
  },
  {
    name: 'no conditions, the lease and plain copies',
    before: { ...SHARED, catalog: true },
    merged: true,
    unconditional: 'strict',
    afterwards: 'run',
    ticks: 7,
    actors: [
      only('1', 0, 'a', { leased: true, catalog: true }),
      prune('2', [0], { leased: true, collects: true, catalog: true }),
    ],
  },
  {
    name: 'no conditions, two at once',
    before: TWO,
    merged: true,
    unconditional: 'whole',
    afterwards: 'run',
    ticks: 5,
    actors: [only('1', 2, 'a', { ...NO, again: { a: 0 } }), prune('2', [0], NO), COLLECTOR],
    flaws: [
      hole(
        'age-of-object',
        'the wait counts from when an object was put, not from the end of its grace',
        'etl.json reaches',
      ),
      hole('commits-after-any-time', 'a run commits, however long ago it read its base', 'etl.json reaches'),
      hole('clears-after-any-time', '`pending` is cleared, however long ago `etl.json` was read', 'etl.json reaches'),
      flaw('deletes-at-once', 'a collector does not wait', 'etl.json reaches'),
      flaw(
        'waits-too-short',
        'a collector waits twice the longest time between a read and its write',
        'etl.json reaches',
      ),
    ],
  },
  {
    name: 'no conditions, one day at once',
    before: ONE,
    merged: true,
    unconditional: 'whole',
    afterwards: 'run',
    ticks: 5,
    actors: [only('1', 0, 'a', NO), only('2', 0, 'a', NO), COLLECTOR],
  },
  {
    name: 'no conditions, both believe',
    before: ONE,
    merged: true,
    unconditional: 'strict',
    actors: [only('1', 1, 'a', NO), only('2', 2, 'a', NO)],
    found: {
      kind: 'limit',
      what: 'of two that overlap, the last put wins, and the other may have read itself back before',
      violation: 'no longer so',
    },
  },
  {
    name: 'no conditions, a write on its way',
    before: ONE,
    merged: true,
    unconditional: 'strict',
    ticks: 7,
    actors: [only('1', 1, 'a', { ...LEASED, lost: true }), only('2', 2, 'a', LEASED)],
    found: {
      kind: 'limit',
      what: 'a put that lands after its lease is over undoes what was committed since',
      violation: 'no longer so',
    },
  },
  {
    name: 'no conditions, copies of what was undone',
    before: { days: ONE.days! },
    merged: true,
    unconditional: 'whole',
    afterwards: 'run',
    ticks: 1,
    actors: [only('1', 1, 'a'), only('2', 2, 'a')],
    found: {
      kind: 'limit',
      what: 'the plain copies of a commit that was undone stay until `repair`',
      violation: 'plain copy',
    },
  },
]
