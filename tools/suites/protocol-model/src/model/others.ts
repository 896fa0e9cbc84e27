import { type Context, moved } from './processes.ts'
import { owner } from './run.ts'
import {
  A,
  ABSENT,
  at,
  B,
  C,
  CLOCK,
  D,
  EXPIRED,
  FINAL,
  keyOf,
  LOCK,
  LOCK_EXPIRED,
  MANIFEST,
  MANIFESTS,
  NAMED,
  ofRun,
  ofTable,
  PUBLISHING,
  REMOVED,
  RETAINED,
  RETAINED_OF,
  RETENTION,
  STAGE,
  STEP,
  type State,
  type Step,
  VERSION,
} from './state.ts'

/** Objects that a cleaner has listed, one bit each: six staged objects, then four retained ones. */
const STAGED_BITS = 6
const RETAINED_BITS = 4

/** Removes orphans. It remembers: A the version it began with, B the objects it has listed. */
export function moveCleaner(s: State, { scenario, flaws, base, emit }: Context): void {
  const step = s[base + STEP] as number
  const [version, listed] = [s[base + A]!, s[base + B]!]
  if (step === at('reads etl.json')) {
    const promotes: Step = scenario.late ? 'looks at the target' : 'is going to promote'
    if (s[PUBLISHING] !== 0) emit(moved(s, base, promotes, s[VERSION], s[PUBLISHING]), '')
    else emit(moved(s, base, 'lists', s[VERSION]), '')
  } else if (step === at('lists')) {
    const found = s[STAGE]! | (s[STAGE + 1]! << 3) | (scenario.retentionEnds ? unnamedRetained(s) << STAGED_BITS : 0)
    if (flaws.has('retained-deleted-first'))
      emit(moved(s, base, 'deletes', version, (found >> STAGED_BITS) << STAGED_BITS), '')
    else
      emit(
        moved(s, base, flaws.has('clean-without-token') ? 'deletes' : 'raises the fencing token', version, found),
        '',
      )
  } else if (step === at('raises the fencing token')) {
    if (s[VERSION] !== version) {
      emit(moved(s, base, 'reads etl.json'), 'too late')
      return
    }
    // one write removes the names of retained bytes and makes the commits of running runs fail
    const after = moved(s, base, flaws.has('retained-deleted-first') ? 'done' : 'deletes', version, listed)
    after[VERSION]! += 1
    for (const run of [1, 2])
      if (s[ofRun(RETENTION, run)] === EXPIRED && (listed >> (STAGED_BITS + (run - 1) * 2)) & 3)
        after[ofRun(RETENTION, run)] = REMOVED
    emit(after, '')
  } else if (step === at('deletes')) {
    if (listed === 0) {
      emit(
        flaws.has('retained-deleted-first')
          ? moved(s, base, 'raises the fencing token', version)
          : moved(s, base, 'done'),
        'nothing more',
      )
      return
    }
    const bit = 31 - Math.clz32(listed & -listed)
    const after = moved(s, base, 'deletes', version, listed & ~(1 << bit))
    if (bit < STAGED_BITS) after[STAGE + (bit < 3 ? 0 : 1)]! &= ~(1 << (bit % 3))
    else after[RETAINED + bit - STAGED_BITS] = 0
    emit(after, bit < STAGED_BITS ? 'a staged object' : 'a retained object')
  }
}

/** Returns the retained objects that no entry with a running retention period names. */
function unnamedRetained(s: State): number {
  let found = 0
  for (let bit = 0; bit < RETAINED_BITS; bit += 1) {
    const named = s[RETAINED_OF + bit] !== 0 && s[RETENTION + (bit >> 1)] === 0
    if (s[RETAINED + bit] !== 0 && !named) found |= 1 << bit
  }
  return found
}

/** Where a reader looks for the bytes of one table. */
const STAGED_PLACE = 0
const FINAL_PLACE = 1
const ASK = 2
const RETAINED_PLACE = 3

/**
 * Reads the current tables, or those of day 0. It remembers: A and B which bytes of a and b to read, as run and day;
 * C where it looks, D the run of a manifest.
 */
export function moveReader(s: State, context: Context, day: number | null): void {
  const { scenario, base, emit } = context
  const step = s[base + STEP] as number
  if (step === at('reads etl.json')) {
    if (day === null) {
      emit(moved(s, base, 'looks for a', current(s, 0), current(s, 1)), '')
      return
    }
    const who = s[PUBLISHING]!
    const staged = who !== 0 && scenario.runs[who - 1]!.day === day ? who : 0
    emit(moved(s, base, 'looks for the manifest', 0, 0, staged === 0 ? FINAL_PLACE : STAGED_PLACE, staged), '')
  }
  const [a, b, place] = [s[base + A]!, s[base + B]!, s[base + C]!]
  if (step === at('looks for the manifest')) {
    const staged = s[base + D]!
    if (place === STAGED_PLACE && !(s[ofRun(STAGE, staged)]! & (1 << MANIFEST))) {
      emit(moved(s, base, 'looks for the manifest', 0, 0, FINAL_PLACE), 'not staged any more')
      return
    }
    const run = place === STAGED_PLACE ? staged : s[FINAL + keyOf(day!, MANIFEST)]!
    const named = [0, 1].map((table) => (run === 0 ? before(context, day!, table) : s[ofTable(MANIFESTS, run, table)]!))
    emit(moved(s, base, 'looks for a', want(named[0]!, day!), want(named[1]!, day!)), '')
    return
  }
  const table = step === at('looks for a') ? 0 : 1
  const wanted = table === 0 ? a : b
  const [run, keyDay] = [wanted >> 1, wanted & 1]
  const key = keyOf(keyDay, table)
  const found = () => moved(s, base, table === 0 ? 'looks for b' : 'done', a, b)
  const here: Step = table === 0 ? 'looks for a' : 'looks for b'
  const label = ['staged', 'at its final key', 'in etl.json, read again', 'retained'][Math.min(place, RETAINED_PLACE)]!
  if (run === ABSENT) emit(found(), 'not there')
  else if (place === STAGED_PLACE) {
    const there = run > 0 && scenario.runs[run - 1]!.day === keyDay && s[ofRun(STAGE, run)]! & (1 << table)
    emit(there ? found() : moved(s, base, here, a, b, FINAL_PLACE), label)
  } else if (place === FINAL_PLACE) emit(s[FINAL + key] === run ? found() : moved(s, base, here, a, b, ASK), label)
  else if (place === ASK) {
    const retainedBy = [1, 2].find(
      (each) =>
        s[ofTable(RETAINED_OF, each, table)] === run + 1 &&
        s[ofRun(RETENTION, each)] !== REMOVED &&
        scenario.runs[each - 1]!.day === keyDay,
    )
    if (retainedBy !== undefined) emit(moved(s, base, here, a, b, RETAINED_PLACE + retainedBy), label)
    else emit(miss(s, context, run, table), label)
  } else {
    const there = s[ofTable(RETAINED, owner(place - RETAINED_PLACE, context.flaws), table)] === run + 1
    emit(there ? found() : miss(s, context, run, table), label)
  }
}

const want = (run: number, day: number): number => (run << 1) | day

/** Returns the current version of a table: the one of its latest day. */
function current(s: State, table: number): number {
  const day = s[NAMED + keyOf(1, table)] === ABSENT ? 0 : 1
  return want(s[NAMED + keyOf(day, table)]!, day)
}

function before({ scenario }: Context, day: number, table: number): number {
  return scenario.before[day]?.includes(table) ? 0 : ABSENT
}

/** Handles bytes that were not found: no violation if their retention period has ended. */
function miss(s: State, { base }: Context, run: number, table: number): State {
  const isOver = [1, 2].some(
    (each) => s[ofTable(RETAINED_OF, each, table)] === run + 1 && s[ofRun(RETENTION, each)] !== 0,
  )
  return moved(s, base, isOver ? 'done' : 'missing')
}

/** Lets time pass, once: the held lease expires, and so do the retention periods that have begun. */
export function passTime(s: State, { scenario, emit }: Omit<Context, 'run' | 'base'>): void {
  if (s[CLOCK] === 1 || (!scenario.retentionEnds && !scenario.lease)) return
  const after = s.slice()
  after[CLOCK] = 1
  if (scenario.lease && s[LOCK] !== 0) after[LOCK_EXPIRED] = 1
  if (scenario.retentionEnds)
    for (const run of [1, 2])
      if (s[ofTable(RETAINED_OF, run, 0)] !== 0 || s[ofTable(RETAINED_OF, run, 1)] !== 0)
        after[ofRun(RETENTION, run)] = EXPIRED
  emit(after, 'time passes')
}
