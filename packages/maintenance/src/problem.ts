/** `invalid`: `etl.json`, a manifest or a record cannot be read. `differs`: two of them, or a file and its manifest, contradict each other. `extra`: no manifest names it. */
export type ProblemKind = 'missing' | 'damaged' | 'invalid' | 'differs' | 'extra'

export interface Problem {
  readonly kind: ProblemKind
  readonly key: string
  readonly message: string
}

/** Takes note of one. */
export type Report = (kind: ProblemKind, key: string, message: string) => void
