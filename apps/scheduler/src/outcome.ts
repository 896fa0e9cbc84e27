/** How a command of `dwh` ended. */
export interface Outcome {
  readonly result: OutcomeResult
  /** What it wrote to stdout, parsed; null where that is no JSON. */
  readonly answer: unknown
  /** Why it failed; null where it did not. */
  readonly error: OutcomeError | null
  readonly startedAt: Date
  readonly durationMs: number
}

/**
 * `partial`: published, some tables kept from before. `locked`: another run holds the lease. `config_error`: usage or configuration, which no retry mends. `damaged`: `dwh verify` found something.
 * `timeout`: ended at its deadline. `stopped`: ended because the scheduler ends.
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

/** By the exit codes of `dwh`. */
export const RESULTS: Readonly<Record<number, OutcomeResult>> = {
  0: 'success',
  2: 'config_error',
  3: 'partial',
  4: 'locked',
  5: 'damaged',
}
