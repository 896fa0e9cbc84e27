import { type Context, moved } from './processes.ts'
import { filesOf } from './run.ts'
import {
  A,
  at,
  B,
  C,
  D,
  FILES,
  FINAL,
  keyOf,
  MANIFEST,
  ofRun,
  ofTable,
  PUBLISHING,
  RETAINED,
  STAGE,
  STEP,
  type State,
  type Step,
  VERSION,
} from './state.ts'

/**
 * Steps 5 to 7 of docs/publishing.md, done by the run itself, by the next run or by the cleaner. They remember: A a
 * version, B the run whose objects they promote, C the number of files done, D the object they saw at the target.
 */
export function movePromotion(s: State, { scenario, flaws, run, base, emit }: Context): void {
  const step = s[base + STEP] as number
  const [version, who, n, seen] = [s[base + A]!, s[base + B]!, s[base + C]!, s[base + D]!]
  const files = filesOf(scenario, who)
  const file = files[n % files.length]!
  const key = keyOf(scenario.runs[who - 1]!.day, file)
  const staged = (s[ofRun(STAGE, who)]! & (1 << file)) !== 0
  const isCleared = s[PUBLISHING] !== who
  const ended: Step = run === who ? (scenario.lease ? 'gives the lease back' : 'done') : 'reads etl.json'
  const next: Step = scenario.late && n + 1 < files.length ? 'looks at the target' : 'is going to promote'

  if (step === at('looks at the target')) {
    emit(moved(s, base, 'is going to promote', version, who, n, s[FINAL + key]), FILES[file]!)
  } else if (step === at('is going to promote') && n < files.length) {
    if (isCleared) emit(moved(s, base, ended), 'but finds it done')
    else if (flaws.has('retain-late') && file !== MANIFEST && s[FINAL + key] !== who)
      emit(moved(s, base, 'retains late', version, who, n), FILES[file]!)
    else emit(moved(s, base, 'copies', version, who, n, seen), FILES[file]!)
  } else if (step === at('retains late')) {
    const after = moved(s, base, 'copies', version, who, n)
    after[ofTable(RETAINED, who, file)] = s[FINAL + key]! + 1
    emit(after, FILES[file]!)
  } else if (step === at('copies')) {
    if (!staged && !(file === MANIFEST && flaws.has('manifest-put'))) {
      emit(moved(s, base, next, version, who, n + 1), 'but the source is gone')
      return
    }
    if (scenario.late) {
      emit(moved(s, base, 'lands a copy', version, who, n, seen), FILES[file]!)
      return
    }
    const after = moved(s, base, next, version, who, n + 1)
    after[FINAL + key] = who
    emit(after, FILES[file]!)
  } else if (step === at('lands a copy')) {
    if (s[FINAL + key] !== seen && !flaws.has('late-unconditional')) {
      emit(moved(s, base, 'looks at the target', version, who, n), 'too late')
      return
    }
    const after = moved(s, base, next, version, who, n + 1)
    after[FINAL + key] = who
    emit(after, FILES[file]!)
  } else if (step === at('is going to promote') && n < 2 * files.length && !flaws.has('clear-first')) {
    const after = moved(s, base, 'is going to promote', version, who, n + 1)
    after[ofRun(STAGE, who)]! &= ~(1 << file)
    emit(after, `unstages ${FILES[file]}`)
  } else if (step === at('is going to promote')) {
    if (isCleared) {
      emit(moved(s, base, ended), 'but finds it done')
      return
    }
    if (s[VERSION] !== version) {
      emit(moved(s, base, 'is going to promote', s[VERSION], who, 2 * files.length), 'reads again')
      return
    }
    const after = flaws.has('clear-first') ? moved(s, base, 'unstages', version, who) : moved(s, base, ended)
    after[VERSION]! += 1
    after[PUBLISHING] = 0
    emit(after, 'clears publishing')
  } else if (step === at('unstages')) {
    if (n === files.length) {
      emit(moved(s, base, ended), '')
      return
    }
    const after = moved(s, base, 'unstages', version, who, n + 1)
    after[ofRun(STAGE, who)]! &= ~(1 << file)
    emit(after, FILES[file]!)
  }
}
