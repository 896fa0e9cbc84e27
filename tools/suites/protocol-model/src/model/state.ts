/*
 * A state of the model: small numbers in a flat array, so that millions of states can be made and compared. An object
 * is represented by the number of the run that wrote it; run 0 wrote everything that existed before. A key is a day and
 * a file: 0 and 1 are the tables a and b, 2 is the day's manifest.
 */
export type State = number[]

export const FILES = 'abm'
export const MANIFEST = 2
/** No object, or not named. */
export const ABSENT = 9
export const keyOf = (day: number, file: number): number => day * 3 + file
export const KEYS = 6

// etl.json
/** Grows with each write; conditional writes compare it. */
export const VERSION = 0
/** The run that is being published; 0 for none. */
export const PUBLISHING = 1
/** The last run that committed. */
export const LAST = 2
/** The run that committed before `LAST`. */
export const PREVIOUS = 3
/** By key: the run whose bytes `etl.json` names. */
export const NAMED = 4
/** By run and table: the run whose bytes it replaces and names as retained, plus one; 0 for none. */
export const RETAINED_OF = 10
/** By run: 0 while its retained bytes must exist, else `EXPIRED` or `REMOVED`. */
export const RETENTION = 14

/** The retention period has ended. */
export const EXPIRED = 1
/** The retention period has ended, and `etl.json` no longer names the retained bytes. */
export const REMOVED = 2

// the objects
/** By run: its staged files, one bit each. */
export const STAGE = 16
/** By key: the run whose bytes are there. */
export const FINAL = 18
/** By run and table: the run whose bytes it has retained, plus one; 0 for none. */
export const RETAINED = 24
/** By run and table: the run that its manifest names, once it has committed. */
export const MANIFESTS = 28

// requests in flight, the lease, the clock
/** By run: a commit that arrives after its sender stopped waiting, as its condition plus one; 0 for none. */
export const PENDING = 32
/** The run that holds the lease; 0 for none. */
export const LOCK = 34
/** 1: the lease has expired. */
export const LOCK_EXPIRED = 35
/** By run: 1 if another run took its lease over since it last read `etl.json`. Its commit must then fail. */
export const TAKEN_OVER = 36
/** 1: a run has committed although its lease was taken over. */
export const COMMITTED_AFTER_TAKEOVER = 38
/** 1 once time has passed: the leases and the retention periods that began before have ended. */
export const CLOCK = 39

export const ofRun = (slot: number, run: number): number => slot + run - 1
export const ofTable = (slot: number, run: number, table: number): number => slot + (run - 1) * 2 + table

// the processes
export const PROCESSES = 40
export const SIZE = 6
/** Within a process: its step, and five values that it remembers. */
export const STEP = 0
export const A = 1
export const B = 2
export const C = 3
export const D = 4
export const E = 5

export const STEPS = [
  'reads etl.json',
  'stages',
  'retains',
  'commits',
  'asks what became of its commit',
  'gives up',
  'looks at the target',
  'is going to promote',
  'retains late',
  'copies',
  'lands a copy',
  'unstages',
  'lists',
  'raises the fencing token',
  'deletes',
  'takes the lease',
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

/** A process at this step or a later one does nothing more. */
export const FINISHED: number = at('done')
/** The kinds of processes. */
export const KINDS = ['run', 'cleaner', 'reader', 'day reader'] as const
export type Kind = (typeof KINDS)[number]
