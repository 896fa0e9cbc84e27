import type { QueryArrayResult, QueryResult, Submittable } from 'pg'

/**
 * The part of `pg.Client` that this package uses. Functions that take one never open, end or release it, and expect
 * that nobody else uses it meanwhile.
 */
export interface PgClient {
  query(text: string): Promise<QueryResult>
  query(text: string, values: unknown[]): Promise<QueryResult>
  query(config: { text: string; values?: unknown[]; rowMode: 'array' }): Promise<QueryArrayResult>
  query<T extends Submittable>(query: T): T
  once(event: 'end', listener: () => void): unknown
  removeListener(event: 'end', listener: () => void): unknown
  /** Its socket; while it is paused, the server waits. */
  readonly connection: { readonly stream: { pause(): unknown; resume(): unknown } }
}
