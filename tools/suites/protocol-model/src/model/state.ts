/*
 * A state of the model: small numbers in a flat array, so that millions of them can be made and compared. Objects are not bytes but the number of the run whose bytes they are;
 * run 0 was there before. A key is a day and a file: 0 and 1 are the tables a and b, 2 is the day's manifest.
 */
export type State = number[]

export const FILES = 'abm'
export const MANIFEST = 2
/** No object, no name. */
export const ABSENT = 9
export const keyOf = (day: number, file: number): number => day * 3 + file
export const KEYS = 6

// etl.json
/** Grows with each write; what a condition names. */
export const VERSION = 0
/** The run that is being published; 0 for none. */
export const PUBLISHING = 1
/** The last run that committed. */
export const LAST = 2
/** The one before. */
export const PREVIOUS = 3
/** By key: the run whose bytes are promised. */
export const NAMED = 4
/** By run and table: whose bytes it has overwritten, and says to have retained; plus one, 0 for none. */
export const RETAINED_OF = 10
/** By run: what became of that promise, as `Grace`. */
export const GRACE = 14

/** 0: it holds; 1: its time is over; 2: and `etl.json` does not make it any more. */
export const OVER = 1
export const DROPPED = 2

// the objects
/** By run: which of its files are staged, a bit each. */
export const STAGE = 16
/** By key: whose bytes are there. */
export const FINAL = 18
/** By run and table: whose bytes it has retained; plus one, 0 for none. */
export const RETAINED = 24
/** By run and table: what the manifest of a run that committed names. */
export const MANIFESTS = 28

// the world around
/** By run: a commit that is on its way for longer than its sender waits, by its condition plus one; 0 for none. */
export const PENDING = 32
/** The run that has the lease; 0 for none. */
export const LOCK = 34
/** 1: its time is over. */
export const LOCK_OVER = 35
/** By run: 1 once its lease was taken over, and the taker believes that it cannot commit any more. */
export const FENCED = 36
/** 1: a run has committed that could not any more. */
export const BROKEN = 38
/** 1 once time has passed: leases and retained bytes of before are over. */
export const CLOCK = 39

export const ofRun = (slot: number, run: number): number => slot + run - 1
export const ofTable = (slot: number, run: number, table: number): number => slot + (run - 1) * 2 + table

// the processes
export const PROCESSES = 40
export const SIZE = 6
/** Within a process: where it is, and what it remembers. */
export const STEP = 0
export const A = 1
export const B = 2
export const C = 3
export const D = 4
export const E = 5

export const STEPS = [
  'reads etl.json',
  'stages',
  'keeps',
  'commits',
  'asks what became of its commit',
  'gives up',
  'looks at the target',
  'is going to promote',
  'keeps late',
  'copies',
  'lands a copy',
  'unstages',
  'lists',
  'raises the fencing token',
  'deletes',
  'takes the lease',
  'raises',
  'gives the lease back',
  'looks for the manifest',
  'looks for a',
  'looks for b',
  'done',
  'dead',
  'lost',
  'uncertain',
  'missing',
] as const

export type Step = (typeof STEPS)[number]
const numbers = new Map<string, number>(STEPS.map((step, i) => [step, i]))
export const at = (step: Step): number => numbers.get(step) as number

/** From here on a process does nothing more. */
export const FINISHED: number = at('done')
/** In the order of `Process`'s kinds. */
export const KINDS = ['run', 'cleaner', 'reader', 'day reader'] as const
export type Kind = (typeof KINDS)[number]
