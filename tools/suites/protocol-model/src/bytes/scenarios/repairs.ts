import { flaw, hole } from '../flaw.ts'
import { accident, COLLECTOR, only, READER, repair } from '../make-actors.ts'
import type { Scenario } from '../scenario.ts'
import { NO, ONE, SHARED, TWO } from './publishing.ts'

/** Something is lost, and repaired. */
export const REPAIRS: readonly Scenario[] = [
  {
    name: 'etl.json is lost',
    before: { ...ONE, records: true },
    records: true,
    merged: true,
    ticks: 1,
    actors: [only('1', 1, 'a', NO), only('2', 0, 'a', NO), accident('etl.json'), repair('etl.json'), COLLECTOR],
    flaws: [
      hole('absent-is-empty', 'the collector takes a lost `etl.json` for one that names nothing', 'is lost, and now'),
      hole('absent-is-first', 'a run takes a lost `etl.json` for a warehouse before its first run', 'the lists say {}'),
      hole('newest-index', 'repair takes the newest index by name, which may be of a run that lost', 'the lists say'),
      hole('newest-record', 'repair goes by run ids, which are not in the order of commits', 'the lists say'),
    ],
  },
  {
    name: 'etl.json is lost, two repairs',
    before: { ...ONE, records: true },
    records: true,
    merged: true,
    ticks: 1,
    actors: [
      only('1', 1, 'a', NO),
      accident('etl.json'),
      repair('etl.json'),
      repair('etl.json', { name: 'another repair' }),
      COLLECTOR,
    ],
    flaws: [flaw('rebuilt-unconditionally', 'repair puts `etl.json` though there is one again', 'the lists say')],
  },
  {
    name: 'etl.json and a file are lost',
    before: { ...ONE, records: true },
    records: true,
    merged: true,
    ticks: 1,
    faulty: 'F.1a',
    actors: [only('1', 1, 'a', NO), accident('F.1a'), accident('etl.json'), repair('etl.json'), COLLECTOR],
    flaws: [flaw('whole-records-only', 'repair prefers an earlier commit of which no file is lost', 'the lists say')],
  },
  {
    name: 'a list is lost',
    before: TWO,
    afterwards: 'run',
    faulty: 'L.00',
    actors: [only('1', 1, 'a', NO), accident('L.00'), repair('objects'), COLLECTOR, READER],
    flaws: [hole('trusts-missing', 'a list that is not there names nothing', 'is lost, and now')],
  },
  {
    name: 'a file is lost',
    before: SHARED,
    afterwards: 'run',
    faulty: 'F.0a',
    actors: [only('1', 0, 'a'), accident('F.0a'), repair('objects'), COLLECTOR],
    flaws: [
      hole(
        'copies-plain-back',
        'repair copies a plain file back without holding the bytes that it has hashed',
        'holds F.',
      ),
    ],
  },
  {
    name: 'a list is made again',
    before: TWO,
    merged: true,
    afterwards: 'run',
    faulty: 'L.00',
    actors: [only('1', 0, 'a', NO), accident('L.00'), repair('objects', { remakes: true }), COLLECTOR, READER],
    flaws: [flaw('other-bytes-back', 'repair puts a list with other bytes under the old key', 'holds other bytes')],
  },
  {
    name: 'a file is made again, for two months',
    before: { days: { 0: { a: 'F.0a' }, 10: { a: 'F.0a' } }, at: { 'a/0': 'X', 'a/10': 'X' } },
    merged: true,
    afterwards: 'repair',
    faulty: 'F.0a',
    ticks: 2,
    actors: [only('1', 10, 'a'), accident('F.0a'), repair('objects'), COLLECTOR, READER],
    flaws: [
      flaw('other-bytes-back', 'repair puts a file with other bytes under the old key', 'holds X'),
      flaw('repairs-one-list', 'repair replaces a lost file in one of the lists that name it', 'is still missing'),
    ],
  },
  {
    name: 'etl.json is lost before the record',
    before: { ...ONE, records: true },
    records: true,
    loses: 'any time',
    merged: true,
    ticks: 1,
    actors: [only('1', 1, 'a', NO), accident('etl.json'), repair('etl.json'), COLLECTOR],
    found: {
      kind: 'limit',
      what: 'an `etl.json` that is lost before its last run is recorded comes back without that run',
      violation: 'the lists say',
    },
  },
]
