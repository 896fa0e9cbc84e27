import { type Context, moved } from './processes.ts'
import type { Scenario } from './scenarios.ts'
import {
  A,
  ABSENT,
  at,
  B,
  C,
  COMMITTED_AFTER_TAKEOVER,
  D,
  E,
  EXPIRED,
  FILES,
  FINAL,
  keyOf,
  LAST,
  LOCK,
  LOCK_EXPIRED,
  MANIFEST,
  MANIFESTS,
  NAMED,
  ofRun,
  ofTable,
  PENDING,
  PREVIOUS,
  PUBLISHING,
  REMOVED,
  RETAINED,
  RETAINED_OF,
  RETENTION,
  STAGE,
  STEP,
  type State,
  TAKEN_OVER,
  VERSION,
} from './state.ts'

/** Returns the files that a run stages, in order: its tables, then the manifest. */
export function filesOf({ runs }: Scenario, run: number): number[] {
  return [...runs[run - 1]!.tables, MANIFEST]
}

/** Returns the run under whose key a run retains the bytes that it overwrites. */
export const owner = (run: number, flaws: ReadonlySet<string>): number => (flaws.has('retain-shared') ? 1 : run)

/**
 * Steps 1 to 4 of docs/publishing.md, and the lease. A run remembers: A the version it began with, B the run that had
 * committed last then, C the number of files done, D whether an answer was lost, E whether to raise the fencing token.
 */
export function moveRun(s: State, { scenario, flaws, run, base, emit }: Context): void {
  const step = s[base + STEP] as number
  const [version, last, n, perhaps] = [s[base + A]!, s[base + B]!, s[base + C]!, s[base + D]!]
  const { day, tables } = scenario.runs[run - 1]!
  const same = s[VERSION] === version

  if (step === at('takes the lease')) {
    if (s[LOCK] !== 0 && s[LOCK_EXPIRED] === 0) return
    const after = moved(s, base, 'reads etl.json')
    after[base + E] = s[LOCK] === 0 ? 0 : 1
    after[LOCK] = run
    after[LOCK_EXPIRED] = 0
    emit(after, s[LOCK] === 0 ? '' : 'over')
  } else if (step === at('reads etl.json')) {
    // first finishes the publication of an earlier run
    if (s[PUBLISHING] !== 0 && !flaws.has('commit-while-publishing'))
      emit(moved(s, base, scenario.late ? 'looks at the target' : 'is going to promote', s[VERSION], s[PUBLISHING]), '')
    else {
      const after = moved(s, base, s[base + E] === 1 ? 'raises the fencing token' : 'stages', s[VERSION], s[LAST])
      // from now on it has read the state of after the takeover
      after[ofRun(TAKEN_OVER, run)] = 0
      emit(after, '')
    }
  } else if (step === at('raises the fencing token')) {
    const after = moved(s, base, 'reads etl.json')
    if (!same && !flaws.has('takeover-without-token')) {
      emit(after, 'too late')
      return
    }
    if (!flaws.has('takeover-without-token')) after[VERSION]! += 1
    after[base + E] = 0
    after[ofRun(TAKEN_OVER, 3 - run)] = 1
    emit(after, '')
  } else if (step === at('stages')) {
    const file = filesOf(scenario, run)[n]
    if (file === undefined) {
      emit(moved(s, base, flaws.has('retain-late') ? 'commits' : 'retains', version, last), 'everything')
      return
    }
    const after = moved(s, base, 'stages', version, last, n + 1)
    after[ofRun(STAGE, run)]! |= 1 << file
    emit(after, FILES[file]!)
  } else if (step === at('retains')) {
    const table = tables[n]
    if (table === undefined) {
      emit(moved(s, base, 'commits', version, last), 'everything')
      return
    }
    const after = moved(s, base, 'retains', version, last, n + 1)
    const found = s[FINAL + keyOf(day, table)]!
    if (found !== ABSENT && overwrites(s, scenario, flaws, run, table))
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
    if (s[LOCK] === run) after[LOCK] = after[LOCK_EXPIRED] = 0
    emit(after, '')
  }
}

/**
 * Whether the run overwrites a table: any of its day. The flaw looks at the current table, which may be of another day.
 */
function overwrites(s: State, scenario: Scenario, flaws: ReadonlySet<string>, run: number, table: number): boolean {
  const { day } = scenario.runs[run - 1]!
  if (!flaws.has('retain-current-only')) return true
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

/** Performs a commit whose sender no longer waits, if its condition still holds. */
export function landCommit(s: State, { scenario, flaws, emit }: Omit<Context, 'run' | 'base'>, run: number): void {
  const pending = s[ofRun(PENDING, run)] as number
  if (pending === 0) return
  const after = s.slice()
  after[ofRun(PENDING, run)] = 0
  emit(pending === s[VERSION]! + 1 ? commit(after, scenario, flaws, run) : after, `the commit of run ${run} arrives`)
}

/** Writes the run into `etl.json`; changes `s` itself. */
function commit(s: State, scenario: Scenario, flaws: ReadonlySet<string>, run: number): State {
  const { day, tables } = scenario.runs[run - 1]!
  for (const table of [0, 1]) {
    const key = keyOf(day, table)
    const before = s[NAMED + key]!
    const mine = tables.includes(table)
    const named = mine ? run : flaws.has('manifest-forgets-tables') ? ABSENT : before
    s[ofTable(MANIFESTS, run, table)] = named
    if (!mine) continue
    if (before !== ABSENT && overwrites(s, scenario, flaws, run, table))
      s[ofTable(RETAINED_OF, run, table)] = before + 1
    s[NAMED + key] = run
  }
  s[NAMED + keyOf(day, MANIFEST)] = run
  for (const each of [1, 2]) if (s[ofRun(RETENTION, each)] === EXPIRED) s[ofRun(RETENTION, each)] = REMOVED
  s[VERSION]! += 1
  s[PREVIOUS] = s[LAST]!
  s[LAST] = s[PUBLISHING] = run
  if (s[ofRun(TAKEN_OVER, run)] === 1) s[COMMITTED_AFTER_TAKEOVER] = 1
  return s
}
