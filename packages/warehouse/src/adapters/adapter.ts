import type { Config } from '@dwh/config'
import type { ObjectStore, Source } from '@dwh/core'
import type { HttpfsOptions } from '@dwh/query'
import type { BucketRole } from '@dwh/storage'
import type { Finding, Limits } from '../doctor/finding.ts'
import type { FullEnvironment } from '../environment.ts'

/** How often and how long a storage is tried, where the defaults take too long. */
export interface RetryOptions {
  /** How often a request is sent before it has failed. */
  readonly attempts?: number | undefined
  readonly connectTimeoutMs?: number | undefined
}

/** A storage that was opened by its settings. Nothing was sent to it yet. */
export interface OpenedStorage {
  readonly store: ObjectStore
  /** What tells it from every other storage, where its URL does not: the endpoint of a bucket. */
  readonly at?: string | undefined
  /** Texts among the settings that must never be shown. */
  readonly secrets: readonly string[]
  /** How DuckDB's `httpfs` gets there, where objects have URLs. */
  readonly httpfs?: HttpfsOptions
  /** The least policy for somebody who works there, where a storage has policies. */
  readonly policy?: (role?: BucketRole) => string
  /** What of the settings a configuration file has to say, without credentials. */
  readonly described: { readonly storage: string; readonly s3?: Readonly<Record<string, string | boolean>> }
}

/** One kind of storage. */
export interface StorageAdapter {
  /** How its URLs begin: `s3` for `s3://...`. */
  readonly schemes: readonly string[]
  /** How it is given, for whoever has given none that is known. */
  readonly example: string
  /** @throws DwhError CONFIG_INVALID for what cannot be, among its slice of the settings */
  open(url: string, config: Config, environment: FullEnvironment, retry: RetryOptions): Promise<OpenedStorage>
}

/** One kind of source. */
export interface SourceAdapter {
  readonly schemes: readonly string[]
  readonly example: string
  /** Whether the environment say by themselves where it is, as the PG* variables do. */
  isGiven(environment: FullEnvironment): boolean
  /** Texts that must never be shown. */
  secrets(url: string | null, env: FullEnvironment['env']): readonly string[]
  /** `onNote` is told what a person should know about it, once each. */
  open(config: Config, environment: FullEnvironment, onNote: (note: string) => void): Source
  /** What `dwh doctor` finds out of the server itself, before it opens the source: false where that is of no use. */
  check?(config: Config, environment: FullEnvironment, limits: Limits): AsyncGenerator<Finding, boolean>
}
