/** Result of a command of `dwh`. */
export interface Outcome {
  readonly result: OutcomeResult
  /** Its stdout, parsed; null if that is not JSON. */
  readonly answer: unknown
  /** Why it failed; null if it succeeded. */
  readonly error: OutcomeError | null
  readonly startedAt: Date
  readonly durationMs: number
}

/**
 * `partial`: published, but some tables still show the previous version. `locked`: another run holds the lease.
 * `config_error`: wrong usage or configuration, so a retry does not help. `damaged`: `dwh verify` found problems.
 * `timeout`: stopped at its deadline. `stopped`: stopped because the scheduler ends.
 */
export type OutcomeResult =
  | 'success'
  | 'partial'
  | 'locked'
  | 'damaged'
  | 'config_error'
  | 'failed'
  | 'timeout'
  | 'stopped'

export interface OutcomeError {
  readonly message: string
  readonly hint: string | null
  readonly context?: Readonly<Record<string, unknown>>
}

/** Outcomes by exit code of `dwh`. */
export const RESULTS: Readonly<Record<number, OutcomeResult>> = {
  0: 'success',
  2: 'config_error',
  3: 'partial',
  4: 'locked',
  5: 'damaged',
}
