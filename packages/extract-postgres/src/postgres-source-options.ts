import type { ReadRowsOptions } from './read/read-rows.ts'
import type { ConnectOptions } from './session/connect.ts'
import type { BeginSnapshotOptions } from './session/session.ts'

export interface PostgresSourceOptions
  extends ConnectOptions,
    Pick<BeginSnapshotOptions, 'lockTimeoutMs'>,
    Pick<ReadRowsOptions, 'batchRows' | 'batchBytes'> {
  /** Number of tables to read at once. Each uses its own connection, and the snapshot one more. Default 2. */
  readonly parallel?: number | undefined
  /**
   * What to do when a statement such as ALTER TABLE waits for a table that is being read, and the queries of the
   * application wait behind it. `yield`: stop reading within `lockTimeoutMs` and fail with `context.retryable`. `wait`:
   * continue reading, and call `onNote`. Default `yield`.
   */
  readonly onBlockedDdl?: 'yield' | 'wait' | undefined
  /**
   * How long the snapshot may stay open, since it holds back vacuum; after that every read fails. 0: no limit; above 24
   * days: 24 days. Default 12 h.
   */
  readonly maxSnapshotAgeMs?: number | undefined
  /**
   * How long the server may take to answer a query that needs no work; after that it counts as unreachable. Queries
   * that the server is working on may take longer. Default 30 s.
   */
  readonly heartbeatMs?: number | undefined
  /**
   * Called once for each note about something unexpected that is not an error: a setting without effect, an ignored
   * password file, fewer connections than wanted.
   */
  readonly onNote?: ((note: string) => void) | undefined
}
