/** Waits that can be interrupted. */
export interface Interruptible {
  /**
   * Returns the answer, or throws the error of the interruption, whichever comes first. After an interruption it always
   * throws that error. One wait at a time.
   */
  wait<T>(answer: Promise<T>): Promise<T>
  /** Interrupts the current wait and all later waits. Only the first call counts. */
  interrupt(error: unknown): void
}

/**
 * Makes waits that can be interrupted by an event that may never happen. `Promise.race` against one long-lived promise
 * would do the same, but retain every value it ever raced against: a table of ten million rows stayed in memory.
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
