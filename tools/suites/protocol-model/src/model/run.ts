import { type Context, moved } from './processes.ts'
import type { Scenario } from './scenarios.ts'
import {
  A,
  ABSENT,
  at,
  B,
  BROKEN,
  C,
  D,
  DROPPED,
  E,
  FENCED,
  FILES,
  FINAL,
  GRACE,
  keyOf,
  LAST,
  LOCK,
  LOCK_OVER,
  MANIFEST,
  MANIFESTS,
  NAMED,
  OVER,
  ofRun,
  ofTable,
  PENDING,
  PREVIOUS,
  PUBLISHING,
  RETAINED,
  RETAINED_OF,
  STAGE,
  STEP,
  type State,
  VERSION,
} from './state.ts'

/** The files that a run stages, in order: its tables, and the manifest last. */
export function filesOf({ runs }: Scenario, run: number): number[] {
  return [...runs[run - 1]!.tables, MANIFEST]
}

/** Where a run keeps what it overwrites. */
export const owner = (run: number, flaws: ReadonlySet<string>): number => (flaws.has('keep-shared') ? 1 : run)

/**
 * Steps 1 to 4, and what there is to do around them. A run remembers: A the version it began with, B the run that was
 * last then, C how far it is, D whether an answer was lost, E whether to raiseToken.
 */
export function moveRun(s: State, { scenario, flaws, run, base, emit }: Context): void {
  const step = s[base + STEP] as number
  const [version, last, n, perhaps] = [s[base + A]!, s[base + B]!, s[base + C]!, s[base + D]!]
  const { day, tables } = scenario.runs[run - 1]!
  const same = s[VERSION] === version

  if (step === at('takes the lease')) {
    if (s[LOCK] !== 0 && s[LOCK_OVER] === 0) return
    const after = moved(s, base, 'reads etl.json')
    after[base + E] = s[LOCK] === 0 ? 0 : 1
    after[LOCK] = run
    after[LOCK_OVER] = 0
    emit(after, s[LOCK] === 0 ? '' : 'over')
  } else if (step === at('reads etl.json')) {
    // first finishes what an earlier run has committed and not put in place
    if (s[PUBLISHING] !== 0 && !flaws.has('commit-while-publishing'))
      emit(moved(s, base, scenario.late ? 'looks at the target' : 'is going to promote', s[VERSION], s[PUBLISHING]), '')
    else {
      const after = moved(s, base, s[base + E] === 1 ? 'raises' : 'stages', s[VERSION], s[LAST])
      // what it has read from now on is not of before
      after[ofRun(FENCED, run)] = 0
      emit(after, '')
    }
  } else if (step === at('raises')) {
    const after = moved(s, base, 'reads etl.json')
    if (!same && !flaws.has('takeover-no-bump')) {
      emit(after, 'loses')
      return
    }
    if (!flaws.has('takeover-no-bump')) after[VERSION]! += 1
    after[base + E] = 0
    after[ofRun(FENCED, 3 - run)] = 1
    emit(after, '')
  } else if (step === at('stages')) {
    const file = filesOf(scenario, run)[n]
    if (file === undefined) {
      emit(moved(s, base, flaws.has('keep-late') ? 'commits' : 'keeps', version, last), 'everything')
      return
    }
    const after = moved(s, base, 'stages', version, last, n + 1)
    after[ofRun(STAGE, run)]! |= 1 << file
    emit(after, FILES[file]!)
  } else if (step === at('keeps')) {
    const table = tables[n]
    if (table === undefined) {
      emit(moved(s, base, 'commits', version, last), 'everything')
      return
    }
    const after = moved(s, base, 'keeps', version, last, n + 1)
    const found = s[FINAL + keyOf(day, table)]!
    if (found !== ABSENT && keeps(s, scenario, flaws, run, table))
      after[ofTable(RETAINED, owner(run, flaws), table)] = found + 1
    emit(after, FILES[table]!)
  } else if (step === at('commits')) {
    if (!same && perhaps) emit(moved(s, base, 'asks what became of its commit', version, last, n, 1), 'again, too late')
    else if (!same)
      emit(
        moved(s, base, scenario.lostAnswer ? 'gives up' : scenario.lease ? 'gives the lease back' : 'lost'),
        'too late',
      )
    else {
      emit(
        commit(
          moved(s, base, scenario.late ? 'looks at the target' : 'is going to promote', version + 1, run),
          scenario,
          flaws,
          run,
        ),
        '',
      )
      if (scenario.lostAnswer) loseAnswer(s, { scenario, flaws, run, base, emit })
    }
  } else if (step === at('asks what became of its commit')) {
    const named = scenario.runs[run - 1]!.tables.some((table) => s[NAMED + keyOf(day, table)] === run)
    if (s[LAST] === run) emit(moved(s, base, 'is going to promote', s[VERSION], run), 'done')
    else if (same && n < 1) emit(moved(s, base, 'commits', version, last, n + 1, 1), 'not done')
    else if (!same && named) emit(moved(s, base, 'done'), 'done, and finished')
    else emit(moved(s, base, flaws.has('abandon-uncertain') ? 'gives up' : 'uncertain'), 'cannot know')
  } else if (step === at('gives up')) {
    const file = filesOf(scenario, run)[n]
    if (file === undefined) {
      emit(moved(s, base, 'lost'), '')
      return
    }
    const after = moved(s, base, 'gives up', 0, 0, n + 1)
    after[ofRun(STAGE, run)]! &= ~(1 << file)
    emit(after, `unstages ${FILES[file]}`)
  } else if (step === at('gives the lease back')) {
    const after = moved(s, base, 'done')
    if (s[LOCK] === run) after[LOCK] = after[LOCK_OVER] = 0
    emit(after, '')
  }
}

/** What the run is going to overwrite: all of its day; the flaw looks at the current tables, which may be of another. */
function keeps(s: State, scenario: Scenario, flaws: ReadonlySet<string>, run: number, table: number): boolean {
  const { day } = scenario.runs[run - 1]!
  if (!flaws.has('keep-current-only')) return true
  return [1, 0].find((each) => s[NAMED + keyOf(each, table)] !== ABSENT) === day
}

function loseAnswer(s: State, { scenario, flaws, run, base, emit }: Context): void {
  const [version, last, n] = [s[base + A]!, s[base + B]!, s[base + C]!]
  const asks = flaws.has('lost-is-failed')
    ? moved(s, base, 'gives up')
    : moved(s, base, 'asks what became of its commit', version, last, n, 1)
  emit(commit(asks.slice(), scenario, flaws, run), 'no answer: done')
  emit(asks, 'no answer: never done')
  if (s[ofRun(PENDING, run)] !== 0) return
  const pending = asks.slice()
  pending[ofRun(PENDING, run)] = version + 1
  emit(pending, 'no answer: on its way')
}

/** A commit that nobody waits for any more, if the condition that it has still holds. */
export function landCommit(s: State, { scenario, flaws, emit }: Omit<Context, 'run' | 'base'>, run: number): void {
  const pending = s[ofRun(PENDING, run)] as number
  if (pending === 0) return
  const after = s.slice()
  after[ofRun(PENDING, run)] = 0
  emit(pending === s[VERSION]! + 1 ? commit(after, scenario, flaws, run) : after, `the commit of run ${run} arrives`)
}

/** Writes the run into `etl.json`, in place. */
function commit(s: State, scenario: Scenario, flaws: ReadonlySet<string>, run: number): State {
  const { day, tables } = scenario.runs[run - 1]!
  for (const table of [0, 1]) {
    const key = keyOf(day, table)
    const before = s[NAMED + key]!
    const mine = tables.includes(table)
    const named = mine ? run : flaws.has('manifest-of-before') ? ABSENT : before
    s[ofTable(MANIFESTS, run, table)] = named
    if (!mine) continue
    if (before !== ABSENT && keeps(s, scenario, flaws, run, table)) s[ofTable(RETAINED_OF, run, table)] = before + 1
    s[NAMED + key] = run
  }
  s[NAMED + keyOf(day, MANIFEST)] = run
  for (const each of [1, 2]) if (s[ofRun(GRACE, each)] === OVER) s[ofRun(GRACE, each)] = DROPPED
  s[VERSION]! += 1
  s[PREVIOUS] = s[LAST]!
  s[LAST] = s[PUBLISHING] = run
  if (s[ofRun(FENCED, run)] === 1) s[BROKEN] = 1
  return s
}
