import type pg from 'pg'

const WORDS = new WeakMap<object, () => unknown>()

/**
 * Remembers the first error of the server since which a session has not been well again. An error that ends a session
 * may come between two queries, or as the answer to a query whose failure nobody reports; later queries then fail
 * without the reason.
 */
export function rememberLastWords(client: pg.Client): void {
  const connection: NodeJS.EventEmitter = client.connection
  let words: unknown
  connection.on('errorMessage', (error) => {
    words ??= error
  })
  connection.on('readyForQuery', ({ status }: { status: string }) => {
    // `E`: in a transaction that has failed. https://www.postgresql.org/docs/current/protocol-message-formats.html
    if (status !== 'E') words = undefined
  })
  WORDS.set(client, () => words)
}

/** The error since which the session has failed, if the server has sent one; undefined for a session that is well. */
export function lastWords(client: object): unknown {
  return WORDS.get(client)?.()
}
