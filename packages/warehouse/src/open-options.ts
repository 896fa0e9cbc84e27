import type { SourceSettings } from '@dwh/pipeline'
import type { RetryOptions } from './adapters/adapter.ts'
import type { WarehouseEnvironment } from './environment.ts'

export interface OpenWarehouseOptions extends WarehouseEnvironment {
  /** Ends every operation in progress, with ABORTED. */
  readonly signal?: AbortSignal | undefined
  /**
   * Sources by name, in addition to the source of the settings; `default` replaces that one. Any `Source` works, such
   * as one made from a generator.
   */
  readonly sources?: Readonly<Record<string, SourceSettings>> | undefined
  /** Receives notes about a source for the user, each once. */
  readonly onNote?: ((note: string) => void) | undefined
  /** Receives secrets, such as a password, before they are used, so that no message shows them. */
  readonly onSecrets?: ((secrets: readonly string[]) => void) | undefined
  /**
   * For programs that only read: if the storage does not answer, the data last read from it is used, and this callback
   * receives the time of that read and the error. Without it, a storage that does not answer is an error.
   */
  readonly onAway?: ((readAt: Date, error: Error) => void) | undefined
  readonly retry?: RetryOptions | undefined
}
