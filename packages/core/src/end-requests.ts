/** Signals within this time are one request: npm forwards a signal that the terminal has already sent to both. */
const SAME_REQUEST_MS = 500

/** Callbacks for requests to end the program. */
export interface EndRequests {
  /** Called at the first request, with the name of the signal. */
  readonly first: (signal: string) => void
  /** Called at each later request: a user who asks twice does not want to wait. */
  readonly again: () => void
  /** Milliseconds of a monotonic clock, such as `performance.now`. */
  readonly now: () => number
}

/**
 * Makes a listener for the signals that end a program.
 * @example
 * const stop = { first: () => controller.abort(), again: () => process.exit(1), now: () => performance.now() }
 * const onSignal = endRequests(stop)
 * process.on('SIGINT', onSignal).on('SIGTERM', onSignal)
 */
export function endRequests({ first, again, now }: EndRequests): (signal: string) => void {
  let askedAt: number | undefined
  return (signal) => {
    if (askedAt === undefined) {
      askedAt = now()
      first(signal)
    } else if (now() - askedAt > SAME_REQUEST_MS) again()
  }
}
