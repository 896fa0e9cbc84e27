import type { SourceSettings } from '@dwh/pipeline'
import type { RetryOptions } from './adapters/adapter.ts'
import type { WarehouseEnvironment } from './environment.ts'

export interface OpenWarehouseOptions extends WarehouseEnvironment {
  /** Ends whatever is under way, with ABORTED. */
  readonly signal?: AbortSignal | undefined
  /**
   * Sources beside the one that the settings name, or in its place (`default`), by name: any `Source`, such as one
   * made of a generator.
   */
  readonly sources?: Readonly<Record<string, SourceSettings>> | undefined
  /** Told what a person should know about a source, once each. */
  readonly onNote?: ((note: string) => void) | undefined
  /** Told the texts that must never be shown, such as a password, before they are used. */
  readonly onSecrets?: ((secrets: readonly string[]) => void) | undefined
  /**
   * For who only asks: where the storage does not answer, what was read from it last is told, with when that was.
   * Left out: that is an error.
   */
  readonly onAway?: ((readAt: Date, error: Error) => void) | undefined
  readonly retry?: RetryOptions | undefined
}
