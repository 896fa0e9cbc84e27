import { violation } from './check.ts'
import { moveCleaner, moveReader, passTime } from './others.ts'
import { baseOf, type Context, type Emit, moved } from './processes.ts'
import { movePromotion } from './promotion.ts'
import { landCommit, moveRun } from './run.ts'
import type { Scenario } from './scenarios.ts'
import {
  ABSENT,
  at,
  E,
  FINAL,
  FINISHED,
  KEYS,
  keyOf,
  LOCK,
  LOCK_EXPIRED,
  MANIFEST,
  NAMED,
  PROCESSES,
  SIZE,
  STEP,
  STEPS,
  type State,
} from './state.ts'

export interface Explored {
  readonly states: number
  readonly violation: string | null
  /** The shortest trace to the violation, one request a line. */
  readonly trace: readonly string[]
}

const PROMOTION = [
  at('looks at the target'),
  at('is going to promote'),
  at('retains late'),
  at('copies'),
  at('lands a copy'),
  at('unstages'),
]

/** Visits every reachable state of a scenario, breadth first, until one violates the protocol. */
export function explore(scenario: Scenario, flaws: ReadonlySet<string> = new Set()): Explored {
  const next = machine(scenario, flaws)
  const processes = scenario.runs.length + scenario.others.length
  const first = start(scenario)
  const seen = new Map<string, number>()
  const keys: string[] = []
  const parents: number[] = []
  let parent = -1
  let steps: State | null = null
  function visit(state: State): void {
    const key = String.fromCharCode.apply(null, state)
    if (seen.has(key)) return
    seen.set(key, keys.length)
    keys.push(key)
    parents.push(parent)
    if (violation(state, scenario, processes) !== null) steps ??= state
  }
  visit(first)
  for (parent = 0; parent < keys.length && !steps; parent += 1) next(decode(keys[parent] as string), visit)
  if (!steps) return { states: keys.length, violation: null, trace: [] }
  const wrong = seen.get(String.fromCharCode.apply(null, steps)) as number
  const trace = retrace(wrong, keys, parents, next)
  return { states: keys.length, violation: violation(steps, scenario, processes), trace }
}

function decode(key: string): State {
  const state = new Array<number>(key.length)
  for (let i = 0; i < key.length; i += 1) state[i] = key.charCodeAt(i)
  return state
}

function retrace(wrong: number, keys: string[], parents: number[], next: Machine): string[] {
  const trace: string[] = []
  for (let i = wrong; parents[i] !== -1; i = parents[i] as number) {
    next(decode(keys[parents[i] as number] as string), (state, label) => {
      if (String.fromCharCode.apply(null, state) === keys[i] && trace.length < depth(i)) trace.unshift(label)
    })
  }
  return trace

  /** Returns the number of trace lines once this step has been found. */
  function depth(i: number): number {
    let steps = 0
    for (let j = wrong; j !== i; j = parents[j] as number) steps += 1
    return steps + 1
  }
}

type Machine = (state: State, emit: Emit) => void

/** Returns a function that emits every possible next state, one request each. */
function machine(scenario: Scenario, flaws: ReadonlySet<string>): Machine {
  const kinds = [...scenario.runs.map(() => 'run' as const), ...scenario.others]
  const names = kinds.map((kind, i) => (kind === 'run' ? `run ${i + 1}` : kind))
  return (state, emit) => {
    for (let i = 0; i < kinds.length; i += 1) {
      const base = baseOf(i)
      const step = state[base + STEP] as number
      if (step >= FINISHED) continue
      const kind = kinds[i]!
      const name = names[i]
      const label = `${name} ${STEPS[step]}`
      const run = kind === 'run' ? i + 1 : 0
      const reads = kind === 'reader' || kind === 'day reader'
      if (!reads && step !== at('reads etl.json')) {
        const dead = moved(state, base, 'dead')
        dead[base + E] = 0
        emit(dead, `${name} crashes`)
      }
      const context: Context = {
        scenario,
        flaws,
        run,
        base,
        emit: (after, detail) => emit(after, detail ? `${label} ${detail}` : label),
      }
      if (PROMOTION.includes(step)) movePromotion(state, context)
      else if (kind === 'run') moveRun(state, context)
      else if (kind === 'cleaner') moveCleaner(state, context)
      else moveReader(state, context, kind === 'reader' ? null : 0)
    }
    if (scenario.lostAnswer) for (const run of [1, 2]) landCommit(state, { scenario, flaws, emit }, run)
    passTime(state, { scenario, flaws, emit })
  }
}

function start(scenario: Scenario): State {
  const state = new Array<number>(PROCESSES + SIZE * (scenario.runs.length + scenario.others.length)).fill(0)
  for (let key = 0; key < KEYS; key += 1) state[NAMED + key] = state[FINAL + key] = ABSENT
  for (const [day, tables] of scenario.before.entries())
    for (const file of [...tables, MANIFEST]) state[NAMED + keyOf(day, file)] = state[FINAL + keyOf(day, file)] = 0
  state[LOCK] = state[LOCK_EXPIRED] = 0
  scenario.runs.forEach((_, i) => {
    if (scenario.lease) state[baseOf(i) + STEP] = at('takes the lease')
  })
  return state
}
