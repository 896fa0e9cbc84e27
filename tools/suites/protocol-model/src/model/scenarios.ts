import type { Kind } from './state.ts'

/** One of the racing runs: its day, and the tables that it reads, 0 and 1. */
export interface RunOf {
  readonly day: number
  readonly tables: readonly number[]
}

/** What is explored at once. All of it together would be too many states. */
export interface Scenario {
  readonly name: string
  readonly runs: readonly RunOf[]
  /** By day, the tables that are there before. */
  readonly before: readonly (readonly number[])[]
  readonly others: readonly Exclude<Kind, 'run'>[]
  /** A copy may land any time after its check; it has a condition on the target. */
  readonly late?: boolean
  /** Time may pass, after which retained bytes are removed. */
  readonly grace?: boolean
  /** The answer to a commit may be lost: it was done, it was not, or it will be. */
  readonly lostAnswer?: boolean
  /** Runs take the lease; it may run out, and be taken over. */
  readonly lease?: boolean
}

const BOTH = [0, 1]
const again: Scenario = {
  name: 'one day',
  before: [BOTH],
  runs: [
    { day: 0, tables: BOTH },
    { day: 0, tables: BOTH },
  ],
  others: ['cleaner', 'reader'],
}

export const SCENARIOS: readonly Scenario[] = [
  again,
  {
    ...again,
    name: 'a past day',
    before: [BOTH, [0]],
    runs: [
      { day: 0, tables: BOTH },
      { day: 1, tables: BOTH },
    ],
    others: ['reader', 'day reader'],
  },
  { ...again, name: 'some tables', runs: [again.runs[0]!, { day: 0, tables: [1] }], others: ['reader', 'day reader'] },
  { ...again, name: 'late copies', others: ['cleaner'], late: true },
  {
    ...again,
    name: 'the end of the grace',
    runs: [
      { day: 0, tables: [0] },
      { day: 0, tables: [0] },
    ],
    grace: true,
  },
  { ...again, name: 'lost answers', others: ['cleaner'], lostAnswer: true },
  { ...again, name: 'a lease taken over', others: ['reader'], lease: true },
]

/** Ways to get it slightly wrong; each is found in the scenario that it names. */
export const FLAWS: Readonly<
  Record<
    string,
    { readonly scenario: string; readonly what: string /** A part of what is found. */; readonly violation: string }
  >
> = {
  'keep-late': {
    scenario: 'one day',
    what: 'the bytes to be overwritten are retained by whoever promotes, not by the run before it commits',
    violation: 'a reader finds the bytes',
  },
  'keep-shared': {
    scenario: 'one day',
    what: 'they are retained under a key that two runs share',
    violation: 'a reader finds the bytes',
  },
  'manifest-put': {
    scenario: 'one day',
    what: "the day's manifest is put, not copied from the stage",
    violation: 'neither staged nor final',
  },
  'clear-first': {
    scenario: 'one day',
    what: '`publishing` is cleared before the staged objects are deleted',
    violation: 'of day 0 holds',
  },
  'clean-no-bump': {
    scenario: 'one day',
    what: 'the cleaner deletes orphans without first making runs in flight lose',
    violation: 'neither staged nor final',
  },
  'commit-while-publishing': {
    scenario: 'one day',
    what: 'a run commits while an earlier one is still publishing',
    violation: 'neither staged nor final',
  },
  'late-unconditional': {
    scenario: 'late copies',
    what: 'a copy that lands late has no condition on its target',
    violation: 'neither staged nor final',
  },
  'manifest-of-before': {
    scenario: 'some tables',
    what: 'a run of some tables writes a manifest of those alone',
    violation: 'has lost a',
  },
  'keep-current-only': {
    scenario: 'a past day',
    what: 'a run keeps what it overwrites of the current tables, not of its day',
    violation: 'a reader finds the bytes',
  },
  'retained-deleted-first': {
    scenario: 'the end of the grace',
    what: 'retained bytes are deleted before etl.json stops naming them',
    violation: 'says that run 1 has retained a',
  },
  'lost-is-failed': {
    scenario: 'lost answers',
    what: 'a commit without an answer is taken for a failure, and the stage is removed',
    violation: 'neither staged nor final',
  },
  'abandon-uncertain': {
    scenario: 'lost answers',
    what: 'the stage is removed once etl.json does not name the run, though its commit may still arrive',
    violation: 'neither staged nor final',
  },
  'takeover-no-bump': {
    scenario: 'a lease taken over',
    what: 'who takes the lease over does not make the earlier holder lose',
    violation: 'commits on what it read before',
  },
}
