/** Every code a `DwhError` can carry. A caller decides by code; people read the message and the hint. */
export const DWH_ERROR_CODES = [
  /** A flag, an environment variable or a line of `dwh.yaml` is wrong. */
  'CONFIG_INVALID',
  /** Two tables or two columns would share one name in the warehouse. */
  'NAME_CONFLICT',
  /** The source does not answer: check host, port, name and network. */
  'SOURCE_UNREACHABLE',
  /** The source denies access: check password, database, role and privileges. */
  'SOURCE_DENIED',
  /** The source failed midway: connection lost, query cancelled, server error. */
  'SOURCE_FAILED',
  /** A table was truncated, rewritten or altered between the snapshot and its read. */
  'SOURCE_CHANGED',
  /** A value cannot be stored exactly as its column's type, or a program of `readers` would not read it exactly. */
  'VALUE_REFUSED',
  /** A row is larger than the reader's buffer; `context.bytes` says how large. */
  'ROW_TOO_LARGE',
  /** The data written differs from the data read. */
  'PROOF_FAILED',
  /** The Parquet file could not be written to the local temporary folder. */
  'WRITE_FAILED',
  /** A DuckDB extension could not be installed or loaded. */
  'EXTENSION_FAILED',
  /** The storage does not answer. */
  'STORE_UNREACHABLE',
  /** The storage denies access: check permissions, read-only mounts and credentials. */
  'STORE_DENIED',
  /** No space left, or a quota reached. */
  'STORE_FULL',
  /** The storage failed in another way, or a key is not valid. */
  'STORE_FAILED',
  /** A conditional write failed: another writer changed the object. */
  'CONFLICT',
  /** `etl.json` or a manifest cannot be parsed, or has a newer version. */
  'STATE_INVALID',
  /** A committed file is missing, or its bytes have changed since the commit. */
  'DAMAGED',
  /** A committed file is larger than the cache of this machine; `context.bytes` says how large. */
  'CACHE_TOO_SMALL',
  /** DuckDB rejected a query, or the query failed. */
  'QUERY_FAILED',
  /** One or more tables of a run failed; `context.tables` names them. */
  'RUN_FAILED',
  /** The caller's signal stopped the operation. */
  'ABORTED',
] as const

export type DwhErrorCode = (typeof DWH_ERROR_CODES)[number]

/** Plain values that describe where an error happened. Never a secret. */
export type DwhErrorContext = Readonly<Record<string, string | number | boolean | null | readonly string[]>>

export interface DwhErrorOptions {
  /** What to do next, as a sentence for a person. */
  readonly hint?: string | undefined
  readonly context?: DwhErrorContext | undefined
  readonly cause?: unknown
}

/**
 * The one error of all packages. The message reads `where: what happened, with the value`; `hint` says what to do
 * next.
 *
 * @example
 * const hint = 'Free some space, or set DWH_TMP to a larger disk.'
 * throw new DwhError('STORE_FULL', `${path}: no space left on the device`, { hint })
 */
export class DwhError extends Error {
  override readonly name = 'DwhError'
  readonly code: DwhErrorCode
  readonly hint: string | undefined
  readonly context: DwhErrorContext

  constructor(code: DwhErrorCode, message: string, options: DwhErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.hint = options.hint
    this.context = options.context ?? {}
  }
}

/**
 * True for a `DwhError` of any copy of this package. Compares the name, because two versions may be installed side by
 * side.
 */
export function isDwhError(error: unknown, code?: DwhErrorCode): error is DwhError {
  return (
    error instanceof Error && error.name === 'DwhError' && (code === undefined || (error as DwhError).code === code)
  )
}

/** Throws `ABORTED` when `signal` has fired; the signal's own reason becomes the cause. */
export function throwIfAborted(signal: AbortSignal | undefined, where: string): void {
  if (signal?.aborted) throw new DwhError('ABORTED', `${where}: stopped`, { cause: signal.reason })
}
