import { flaw, hole } from '../flaw.ts'
import { CATALOG_READER, COLLECTOR, only, prune, READER } from '../make-actors.ts'
import type { Scenario } from '../scenario.ts'
import { NO, ONE, SHARED } from './publishing.ts'

const COPIES = { before: SHARED, merged: true, afterwards: 'run' } as const

/** Plain copies and the catalog file, refreshed after the commit. */
export const PLAIN_COPIES: readonly Scenario[] = [
  {
    ...COPIES,
    name: 'copies, sleeping less than the grace',
    sleepers: 'grace',
    actors: [only('1', 0, 'a'), only('2', 0, 'a'), COLLECTOR],
    flaws: [
      hole('no-second-look', 'nobody looks again at a copy that came late', 'plain copy'),
      flaw('clear-blind', '`pending` is cleared without a look whether what was copied is still wanted', 'plain copy'),
    ],
  },
  {
    ...COPIES,
    name: 'copies of two days',
    sleepers: 'grace',
    ticks: 2,
    actors: [only('1', 0, 'a'), only('2', 1, 'a'), COLLECTOR],
    flaws: [
      hole('pending-overwritten', '`pending` of a run that died is not carried over', 'plain copy', {
        with: 'no-second-look',
      }),
    ],
  },
  {
    ...COPIES,
    name: 'copies of a day that goes',
    sleepers: 'grace',
    actors: [only('1', 0, 'a'), prune('2', [0]), COLLECTOR],
    flaws: [
      hole('prune-forgets-plain', 'a removal does not put the plain copies of its day into `pending`', 'plain copy'),
    ],
  },
  {
    ...COPIES,
    name: 'copies, any sleep, then repair',
    afterwards: 'repair',
    ticks: 2,
    actors: [only('1', 0, 'a'), prune('2', [0]), only('3', 0, 'a')],
  },
  {
    ...COPIES,
    name: 'copies with a condition',
    ticks: 2,
    copies: 'conditional',
    actors: [only('1', 0, 'a'), only('2', 0, 'a'), COLLECTOR],
  },
  {
    ...COPIES,
    name: 'copies by links',
    ticks: 2,
    copies: 'linked',
    actors: [only('1', 0, 'a'), only('2', 0, 'a'), COLLECTOR],
  },
  {
    name: 'the catalog file',
    before: { ...ONE, catalog: true },
    merged: true,
    afterwards: 'run',
    actors: [
      only('1', 0, 'a', { ...NO, catalog: true }),
      only('2', 0, 'a', { ...NO, catalog: true }),
      COLLECTOR,
      CATALOG_READER,
    ],
    flaws: [
      hole('until-at-commit', 'and before the catalog file is written', 'within the grace'),
      hole('catalog-late', 'the catalog file is put without a condition', 'the catalog'),
    ],
  },
  {
    name: 'lists that name plain paths',
    before: { days: { 0: { a: '@a/0=F.0a' } } },
    merged: true,
    afterwards: 'run',
    actors: [only('1', 1, 'a', { again: { a: 0 } }), only('2', 0, 'a'), COLLECTOR, READER],
    flaws: [
      hole('plain-named', 'a plain path that a list of before names is refreshed', 'a/0'),
      hole('no-adopt', 'a run names a plain path again', 'plain copy'),
    ],
  },
  {
    ...COPIES,
    name: 'copies, any sleep, no repair',
    actors: [only('1', 0, 'a', { again: { a: 1 } }), only('2', 0, 'a'), COLLECTOR],
    found: {
      kind: 'limit',
      what: 'a copy that comes later than the grace, of bytes that another day still names, stays until `repair`',
      violation: 'plain copy',
    },
  },
]
