import type pg from 'pg'

/** What follows a deadline: see `within`. */
const GRACE = 10

/**
 * The answer, or an error where there is none in time. A machine that slept wakes with its timers first: so what has come meanwhile still counts, for a tenth of the time more.
 * @throws what `late` makes
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
    // whoever gave up waiting does not want to hear of it any more
    answer.catch(() => {})
  }
}

/** How long a server may take to close a connection that it is asked to. */
const GOODBYE_MS = 1_000

/** Says goodbye and closes the connection, whether the server answers or not; nobody needs to wait for it. */
export function hangUp(client: pg.Client): void {
  const timer = setTimeout(() => client.connection.stream.destroy(), GOODBYE_MS)
  client
    .end()
    .catch(() => {})
    .finally(() => clearTimeout(timer))
}
