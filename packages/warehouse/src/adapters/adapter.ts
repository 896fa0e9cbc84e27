import type { Config } from '@dwh/config'
import type { ObjectStore, Source } from '@dwh/core'
import type { HttpfsOptions } from '@dwh/query'
import type { BucketRole } from '@dwh/storage'
import type { Finding, Limits } from '../doctor/finding.ts'
import type { FullEnvironment } from '../environment.ts'

/** Number of attempts and connect timeout of a storage, for callers to whom the defaults take too long. */
export interface RetryOptions {
  /** Number of times a request is sent before it fails. */
  readonly attempts?: number | undefined
  readonly connectTimeoutMs?: number | undefined
}

/** A storage opened from its settings. No request was sent yet. */
export interface OpenedStorage {
  readonly store: ObjectStore
  /** Distinguishes storages with the same URL: the endpoint or region of a bucket. */
  readonly at?: string | undefined
  /** Secrets in the settings, which no message may show. */
  readonly secrets: readonly string[]
  /** How DuckDB's `httpfs` reaches the storage, if its objects have URLs. */
  readonly httpfs?: HttpfsOptions
  /** Returns the least-privilege policy of a role, if the storage has policies. */
  readonly policy?: (role?: BucketRole) => string
  /** The settings to write to a configuration file, without credentials. */
  readonly described: { readonly storage: string; readonly s3?: Readonly<Record<string, string | boolean>> }
}

/** One kind of storage. */
export interface StorageAdapter {
  /** URL schemes: `s3` for `s3://...`. */
  readonly schemes: readonly string[]
  /** Example for the hint of an error about an unknown scheme. */
  readonly example: string
  /** @throws DwhError CONFIG_INVALID for invalid settings of this storage */
  open(url: string, config: Config, environment: FullEnvironment, retry: RetryOptions): Promise<OpenedStorage>
}

/** One kind of source. */
export interface SourceAdapter {
  readonly schemes: readonly string[]
  readonly example: string
  /** Whether the environment alone names the source, as the PG* variables do. */
  isGiven(environment: FullEnvironment): boolean
  /** Secrets of the source, which no message may show. */
  secrets(url: string | null, env: FullEnvironment['env']): readonly string[]
  /** Opens the source. `onNote` receives notes for the user, each once. */
  open(config: Config, environment: FullEnvironment, onNote: (note: string) => void): Source
  /** Checks the server for `dwh doctor` before the source is opened. Returns false if the source cannot be opened. */
  check?(config: Config, environment: FullEnvironment, limits: Limits): AsyncGenerator<Finding, boolean>
}
