import type { Scenario } from './scenarios.ts'
import { A, at, B, C, D, type E, PROCESSES, SIZE, STEP, type State, type Step } from './state.ts'

/** What one process may do next: calls `emit` for each state that one request leads to. */
export type Emit = (after: State, label: string) => void

/** What a process needs to know: the scenario, what is broken on purpose, and where it is within the state. */
export interface Context {
  readonly scenario: Scenario
  readonly flaws: ReadonlySet<string>
  /** Its number, if it is a run; 0 otherwise. */
  readonly run: number
  /** Of its first slot. */
  readonly base: number
  readonly emit: Emit
}

export const baseOf = (process: number): number => PROCESSES + process * SIZE

/** A copy of a state in which one process has moved on, with what it remembers: nothing but `E`, unless it is said. */
export function moved(state: State, base: number, step: Step, a = 0, b = 0, c = 0, d = 0): State {
  const after = state.slice()
  after[base + STEP] = at(step)
  after[base + A] = a
  after[base + B] = b
  after[base + C] = c
  after[base + D] = d
  return after
}

export const remembered = (
  state: State,
  base: number,
  slot: typeof A | typeof B | typeof C | typeof D | typeof E,
): number => state[base + slot] as number
