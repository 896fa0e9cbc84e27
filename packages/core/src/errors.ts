/** Every code a `DwhError` can carry. A caller decides by code; people read the message and the hint. */
export const DWH_ERROR_CODES = [
  /** A flag, an environment variable or a line of `dwh.yaml` is wrong. */
  'CONFIG_INVALID',
  /** Two tables or two columns would share one name in the warehouse. */
  'NAME_CONFLICT',
  /** The source does not answer: host, port, name, network. */
  'SOURCE_UNREACHABLE',
  /** The source answers, and refuses: password, database, role, privilege. */
  'SOURCE_DENIED',
  /** The source failed midway: connection lost, query cancelled, server error. */
  'SOURCE_FAILED',
  /** A table was truncated, rewritten or altered between the snapshot and its read. */
  'SOURCE_CHANGED',
  /** A value cannot be stored exactly as its column's type. */
  'VALUE_REFUSED',
  /** A row is larger than the reader's buffer; `context.bytes` says how large. */
  'ROW_TOO_LARGE',
  /** What was written is not what was read. */
  'PROOF_FAILED',
  /** The Parquet file could not be written to the local temporary place. */
  'WRITE_FAILED',
  /** An extension of DuckDB could not be installed or loaded. */
  'EXTENSION_FAILED',
  /** The storage does not answer. */
  'STORE_UNREACHABLE',
  /** The storage refuses: permission, read-only, credentials. */
  'STORE_DENIED',
  /** No space left, or a quota reached. */
  'STORE_FULL',
  /** The storage failed in another way, or a key is not valid. */
  'STORE_FAILED',
  /** A conditional write lost: the object is not what the condition named. */
  'CONFLICT',
  /** `etl.json` or a manifest cannot be read as one, or is of a newer version. */
  'STATE_INVALID',
  /** A committed file is missing, or its bytes are not those that were committed. */
  'DAMAGED',
  /** A committed file is larger than the cache of the machine that asks for it; `context.bytes` says how large. */
  'CACHE_TOO_SMALL',
  /** DuckDB refused or failed a query. */
  'QUERY_FAILED',
  /** One or more tables of a run failed; `context.tables` names them. */
  'RUN_FAILED',
  /** The caller's signal stopped it. */
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
 * The one error of all packages. The message reads `where: what happened, with the value`; `hint` says what to do next.
 *
 * @example
 * throw new DwhError('STORE_FULL', `${path}: no space left on the device`, { hint: 'Free some space, or set DWH_TMP to a larger disk.' })
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

/** True for a `DwhError` of any copy of this package: recognised by name, since two versions may be installed side by side. */
export function isDwhError(error: unknown, code?: DwhErrorCode): error is DwhError {
  return (
    error instanceof Error && error.name === 'DwhError' && (code === undefined || (error as DwhError).code === code)
  )
}

/** Throws `ABORTED` when `signal` has fired; the signal's own reason becomes the cause. */
export function throwIfAborted(signal: AbortSignal | undefined, where: string): void {
  if (signal?.aborted) throw new DwhError('ABORTED', `${where}: stopped`, { cause: signal.reason })
}
