import type { ReadRowsOptions } from './read/read-rows.ts'
import type { ConnectOptions } from './session/connect.ts'
import type { BeginSnapshotOptions } from './session/session.ts'

export interface PostgresSourceOptions
  extends ConnectOptions,
    Pick<BeginSnapshotOptions, 'lockTimeoutMs'>,
    Pick<ReadRowsOptions, 'batchRows' | 'batchBytes'> {
  /** How many tables may be read at once, each on a connection of its own beside the one that holds the snapshot. Default 2. */
  readonly parallel?: number | undefined
  /**
   * When a statement such as ALTER TABLE waits for a table that is being read, and all that the application asks of that table waits behind it. `yield`: the read ends
   * within `lockTimeoutMs`, and fails with `context.retryable`. `wait`: it goes on, and `onNote` is told. Default `yield`.
   */
  readonly onBlockedDdl?: 'yield' | 'wait' | undefined
  /** How long the snapshot may be open, since it holds back vacuum; after that every read fails. 0: no limit; above 24 days: 24 days. Default 12 h. */
  readonly maxSnapshotAgeMs?: number | undefined
  /** How long the server may take to answer what needs no work; after that it counts as gone, however long a query may take that it works on. Default 30 s. */
  readonly heartbeatMs?: number | undefined
  /** Told, once each, what is no error and may surprise: a setting without effect, a password file that is ignored, fewer connections than wanted. */
  readonly onNote?: ((note: string) => void) | undefined
}
