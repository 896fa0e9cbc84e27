import type { Kind } from './state.ts'

/** One of the racing runs: its day, and the tables that it reads (0, 1). */
export interface RunOf {
  readonly day: number
  readonly tables: readonly number[]
}

/** A part of the protocol that is explored at once. All parts together would have too many states. */
export interface Scenario {
  readonly name: string
  readonly runs: readonly RunOf[]
  /** By day, the tables that exist before. */
  readonly before: readonly (readonly number[])[]
  readonly others: readonly Exclude<Kind, 'run'>[]
  /** A copy may land at any time after its check; it has a condition on the target. */
  readonly late?: boolean
  /** Time may pass, and retained bytes are removed after it. */
  readonly retentionEnds?: boolean
  /** The answer to a commit may be lost: the commit was done, was not done, or will be done later. */
  readonly lostAnswer?: boolean
  /** Runs take the lease; it may expire, and another run may take it over. */
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
    name: 'retention ends',
    runs: [
      { day: 0, tables: [0] },
      { day: 0, tables: [0] },
    ],
    retentionEnds: true,
  },
  { ...again, name: 'lost answers', others: ['cleaner'], lostAnswer: true },
  { ...again, name: 'a lease taken over', others: ['reader'], lease: true },
]

/** Flaws of the protocol; each is found in the scenario that it names. */
export const FLAWS: Readonly<
  Record<
    string,
    {
      readonly scenario: string
      readonly what: string /** A part of the violation's text. */
      readonly violation: string
    }
  >
> = {
  'retain-late': {
    scenario: 'one day',
    what: 'replaced bytes are retained during promotion, not before the commit',
    violation: 'a reader cannot find the bytes',
  },
  'retain-shared': {
    scenario: 'one day',
    what: 'replaced bytes are retained under a key that two runs share',
    violation: 'a reader cannot find the bytes',
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
  'clean-without-token': {
    scenario: 'one day',
    what: 'the cleaner deletes orphans without raising the fencing token first',
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
  'manifest-forgets-tables': {
    scenario: 'some tables',
    what: 'a run of some tables writes a manifest of only these',
    violation: 'has lost a',
  },
  'retain-current-only': {
    scenario: 'a past day',
    what: 'a run retains the replaced bytes of the current tables, not of its day',
    violation: 'a reader cannot find the bytes',
  },
  'retained-deleted-first': {
    scenario: 'retention ends',
    what: 'retained bytes are deleted before etl.json stops naming them',
    violation: 'says that run 1 has retained a',
  },
  'lost-is-failed': {
    scenario: 'lost answers',
    what: 'a commit without an answer counts as failed, and the stage is removed',
    violation: 'neither staged nor final',
  },
  'abandon-uncertain': {
    scenario: 'lost answers',
    what: 'the stage is removed once etl.json does not name the run, though its commit may still arrive',
    violation: 'neither staged nor final',
  },
  'takeover-without-token': {
    scenario: 'a lease taken over',
    what: 'a run takes the lease over without raising the fencing token',
    violation: 'commits based on a state that it read before',
  },
}
