import { flaw, hole } from '../flaw.ts'
import { COLLECTOR, DEV_COLLECTOR, DEV_READER, dev, only } from '../make-actors.ts'
import type { Scenario } from '../scenario.ts'
import { NO, ONE } from './publishing.ts'

const OWN = { run: '0', token: 0, files: { a: 'E.0a', b: 'E.0b' }, retired: [] }
const NAMES_PROD = { run: '0', token: 0, files: { a: 'F.0a', b: 'E.0b' }, retired: [] }

/**
 * An environment beside prod. `copies`: it takes what is prod's under keys of its own. `shares`: it names prod's keys.
 */
export const ENVIRONMENTS: readonly Scenario[] = [
  {
    name: 'dev copies',
    env: 'copies',
    before: { ...ONE, dev: OWN },
    afterwards: 'run',
    actors: [dev('1'), only('1', 0, 'a', NO), COLLECTOR, DEV_COLLECTOR, DEV_READER],
    flaws: [
      hole('env-no-grace', 'dev.json has no `retired`', 'within the grace'),
      hole('env-names-prod', "dev names prod's key", 'dev.json names'),
    ],
  },
  {
    name: 'dev copies, first',
    env: 'copies',
    before: ONE,
    merged: true,
    afterwards: 'run',
    ticks: 2,
    actors: [dev('1'), dev('2'), only('1', 0, 'a', NO), DEV_COLLECTOR],
  },
  {
    name: 'dev shares',
    env: 'shares',
    before: { ...ONE, dev: NAMES_PROD },
    afterwards: 'run',
    actors: [dev('1'), only('1', 0, 'a', NO), COLLECTOR, DEV_READER],
  },
  {
    name: 'dev shares, first',
    env: 'shares',
    before: ONE,
    afterwards: 'run',
    actors: [dev('1'), only('1', 0, 'a', NO), COLLECTOR, DEV_READER],
    flaws: [
      hole('env-token-not-raised', 'the collector reads dev.json and raises no token there', 'dev.json names'),
      hole('env-first-in-place', 'the first run of an environment has no commit file with a token', 'dev.json names'),
      hole('env-etl-first', 'a run of dev reads `etl.json` before dev.json', 'dev.json names'),
      flaw(
        'env-token-first',
        'the collector raises the token in dev.json before the one in `etl.json`',
        'dev.json names',
      ),
      flaw('env-trusts-old', 'after a raised token, dev commits without looking at `etl.json` again', 'dev.json names'),
    ],
  },
  {
    name: 'dev shares, two collectors',
    env: 'shares',
    before: { ...ONE, dev: NAMES_PROD },
    merged: true,
    afterwards: 'run',
    ticks: 4,
    actors: [dev('1'), only('1', 0, 'a', NO), COLLECTOR, DEV_COLLECTOR, DEV_READER],
    flaws: [flaw('env-one-token', 'dev tries again though its own collector raised the token', 'dev.json names')],
  },
  {
    name: 'dev as first written',
    env: 'written',
    before: ONE,
    afterwards: 'run',
    actors: [dev('1'), only('1', 0, 'a', NO), COLLECTOR, DEV_READER],
    found: {
      kind: 'hole',
      what: "dev names keys of prod, and prod's collector reads dev.json before it lists",
      violation: 'dev.json names',
    },
  },
]
