import type { QueryResult } from 'pg'
import type { PgClient } from './pg-client.ts'
import { isSqlstate } from './postgres-errors.ts'

/** The error that the server raised, as `pg` throws it. */
export interface Raised extends Error {
  /** Its SQLSTATE. */
  readonly code: string
  /** The function that raised it, if any. */
  readonly where?: string
}

const SAVEPOINT = 'dwh_try'

/**
 * Runs statements that may fail, without ending the transaction. Returns their rows, or the error of the server.
 * @throws errors that no statement raised, such as a lost connection
 */
export async function attemptQuery(
  client: PgClient,
  ...statements: readonly string[]
): Promise<{ readonly results: readonly QueryResult[] } | { readonly raised: Raised }> {
  try {
    const all = [`SAVEPOINT ${SAVEPOINT}`, ...statements, `RELEASE SAVEPOINT ${SAVEPOINT}`]
    const results = (await client.query(all.join(';\n'))) as unknown as QueryResult[]
    return { results: results.slice(1, -1) }
  } catch (error) {
    if (!(error instanceof Error) || !isRaised(error)) throw error
    await client.query(`ROLLBACK TO SAVEPOINT ${SAVEPOINT}; RELEASE SAVEPOINT ${SAVEPOINT}`)
    return { raised: error }
  }
}

function isRaised(error: Error): error is Raised {
  return 'code' in error && typeof error.code === 'string' && isSqlstate(error.code)
}
