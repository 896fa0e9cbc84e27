/** Within this, two signals are one request: npm passes on to a program what the terminal has sent to both. */
const SAME_REQUEST_MS = 500

/** What is done when a program is asked to end. */
export interface EndRequests {
  /** At the first request, with the name of the signal. */
  readonly first: (signal: string) => void
  /** At each later one: whoever asks twice does not want to wait for anything. */
  readonly again: () => void
  /** Milliseconds of a clock that is never set, such as `performance.now`. */
  readonly now: () => number
}

/**
 * A listener for the signals that end a program.
 * @example
 * const onSignal = endRequests({ first: () => controller.abort(), again: () => process.exit(1), now: () => performance.now() })
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
