import type pg from 'pg'

/** Fraction of the time that is added after the deadline: see `within`. */
const GRACE = 10

/**
 * Waits for an answer, or fails after the timeout. When a machine wakes from sleep, its timers fire first: so an answer
 * still counts for another tenth of the time.
 * @throws the error that `late` makes
 */
export async function within<T>(answer: Promise<T>, timeoutMs: number, late: (timeoutMs: number) => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const over = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      timer = setTimeout(() => reject(late(timeoutMs)), timeoutMs / GRACE)
    }, timeoutMs)
  })
  try {
    return await Promise.race([answer, over])
  } finally {
    clearTimeout(timer)
    // after the timeout, nobody handles a later rejection
    answer.catch(() => {})
  }
}

/** How long a server may take to close a connection. */
const GOODBYE_MS = 1_000

/** Ends the session and closes the connection, whether the server answers or not; no need to wait for it. */
export function hangUp(client: pg.Client): void {
  const timer = setTimeout(() => client.connection.stream.destroy(), GOODBYE_MS)
  client
    .end()
    .catch(() => {})
    .finally(() => clearTimeout(timer))
}
