/**
 * `invalid`: `etl.json`, a manifest or a record cannot be parsed. `differs`: two of them, or a file and its manifest,
 * contradict each other. `extra`: no manifest names the object.
 */
export type ProblemKind = 'missing' | 'damaged' | 'invalid' | 'differs' | 'extra'

export interface Problem {
  readonly kind: ProblemKind
  readonly key: string
  readonly message: string
}

/** Records a problem. */
export type Report = (kind: ProblemKind, key: string, message: string) => void
