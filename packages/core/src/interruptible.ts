/** Waits that can be cut short. */
export interface Interruptible {
  /** The answer, or the error it was interrupted with, whichever comes first; after an interruption always that error. One wait at a time. */
  wait<T>(answer: Promise<T>): Promise<T>
  /** Cuts the wait that is under way, and all that follow; only the first call counts. */
  interrupt(error: unknown): void
}

/**
 * Makes waits that can be cut short by something that may never happen. `Promise.race` against one promise that lives long would do the same, and keep
 * every value that it ever raced against: a table of ten million rows stayed in memory that way.
 */
export function interruptible(): Interruptible {
  let interruption: { error: unknown } | undefined
  let cut = (_error: unknown) => {}
  return {
    wait: (answer) =>
      new Promise((resolve, reject) => {
        cut = reject
        answer.then(resolve, reject)
        if (interruption) reject(interruption.error)
      }),
    interrupt(error) {
      interruption ??= { error }
      cut(interruption.error)
    },
  }
}
