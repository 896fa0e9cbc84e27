import type { Scenario } from './scenarios.ts'
import { A, at, B, C, D, type E, PROCESSES, SIZE, STEP, type State, type Step } from './state.ts'

/** Receives each state that one request of a process leads to, with its line in the trace. */
export type Emit = (after: State, label: string) => void

/** Input of a process: the scenario, the planted flaws, and its position in the state. */
export interface Context {
  readonly scenario: Scenario
  readonly flaws: ReadonlySet<string>
  /** The number of the run; 0 for other processes. */
  readonly run: number
  /** Index of its first slot in the state. */
  readonly base: number
  readonly emit: Emit
}

export const baseOf = (process: number): number => PROCESSES + process * SIZE

/** Copies a state and moves one process to a step. The process forgets what is not passed, except `E`. */
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
