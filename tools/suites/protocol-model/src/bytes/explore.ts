/** A state: a few numbers. */
export type State = readonly number[]

export interface Exploration {
  readonly first: State
  /** Calls `emit` with each possible next state. */
  next(state: State, emit: (label: string, state: State) => void): void
  /** Returns what is wrong with a state; null if nothing is. */
  wrong(state: State): string | null
}

export interface Explored {
  readonly states: number
  readonly violation: string | null
  /** The shortest trace to the violation, one request a line. */
  readonly trace: readonly string[]
}

const MOST_STATES = 6_000_000

/** Visits every reachable state, breadth first, until one is wrong. */
export function explore({ first, next, wrong }: Exploration): Explored {
  const seen = new Set<string>()
  const keys: string[] = []
  const parents: number[] = []
  let violation: string | null = null
  function visit(state: State, parent: number): void {
    const key = encode(state)
    if (violation !== null || seen.has(key)) return
    seen.add(key)
    keys.push(key)
    parents.push(parent)
    violation = wrong(state)
  }
  visit(first, -1)
  for (let i = 0; i < keys.length && violation === null; i += 1) {
    if (keys.length > MOST_STATES) throw new Error(`more than ${MOST_STATES} states`)
    next(decode(keys[i] as string), (_, state) => visit(state, i))
  }
  return { states: keys.length, violation, trace: violation === null ? [] : retrace(keys, parents, next) }
}

/** Returns the labels on the way from the first state to the last that was visited. */
function retrace(keys: readonly string[], parents: readonly number[], next: Exploration['next']): string[] {
  const trace: string[] = []
  for (let i = keys.length - 1; parents[i] !== -1; i = parents[i] as number) {
    let label: string | undefined
    next(decode(keys[parents[i] as number] as string), (each, state) => {
      if (encode(state) === keys[i]) label ??= each
    })
    trace.unshift(label as string)
  }
  return trace
}

/** Two characters for each number: strings are compared and hashed faster than arrays. */
function encode(state: State): string {
  let text = ''
  for (const number of state) text += String.fromCharCode(number & 0x7fff, number >> 15)
  return text
}

function decode(text: string): number[] {
  const state = new Array<number>(text.length / 2)
  for (let i = 0; i < state.length; i += 1) state[i] = text.charCodeAt(2 * i) | (text.charCodeAt(2 * i + 1) << 15)
  return state
}
