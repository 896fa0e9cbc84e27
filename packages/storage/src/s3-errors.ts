import { DwhError, isDwhError } from '@dwh/core'
import { type AskedRequest, meaningOf, NOT_S3 } from './s3-hints.ts'
import type { S3StoreOptions } from './s3-options.ts'

export { type AskedRequest, NOT_S3 } from './s3-hints.ts'

/** The parts of an error of the SDK, and of Node's network, that are read. */
interface S3Error {
  readonly name?: string
  readonly code?: string
  readonly message?: string
  readonly cause?: unknown
  readonly errors?: readonly unknown[]
  readonly $metadata?: { readonly httpStatusCode?: number }
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> }
  /** What S3 puts into the answers that say so. */
  readonly Region?: unknown
  readonly BucketName?: unknown
  /** Put there by our middleware. */
  readonly asked?: AskedRequest
}

/** What the server or the network answered, as a DwhError that says what to do. No header and no key is in it. */
export function s3Failure(error: unknown, url: string, options?: S3StoreOptions): DwhError {
  if (isDwhError(error)) return error
  const found = error as S3Error
  const status = found.$metadata?.httpStatusCode
  const network = networkCode(found)
  const name = nameOf(found, status)
  const { code, hint } = meaningOf({
    name,
    status,
    network,
    region: regionOf(found),
    otherBucket: typeof found.BucketName === 'string' && found.BucketName !== options?.bucket,
    asked: found.asked,
    options,
  })
  // an answer without a body, as that to HEAD is
  const http = name === 'Unknown' ? `HTTP ${status}` : `${name} (HTTP ${status})`
  const what = status === undefined ? (network ?? name) : http
  return new DwhError(code, `${url}: ${what}${said(found, name)}`, {
    hint,
    context: { status: status ?? null, name, ...(name === 'TimeoutError' ? { silent: true } : {}) },
    cause: slim(error),
  })
}

/** An answer that the SDK cannot read, and that has not even the name of an error, comes from something else. */
function nameOf({ name = 'Error' }: S3Error, status: number | undefined): string {
  const unread = status !== undefined && status < 500 && /^(Error|SyntaxError|TypeError)$/.test(name)
  return unread ? NOT_S3 : name
}

function said({ message }: S3Error, name: string): string {
  if (name === NOT_S3) return ': not an S3 server'
  return message && message !== name && message !== 'UnknownError' ? `: ${message}` : ''
}

/** Some other server answered, with something that the SDK took for an answer of S3. */
export function notS3(url: string): DwhError {
  const { code, hint } = meaningOf({ name: NOT_S3 })
  return new DwhError(code, `${url}: not an S3 server`, { hint })
}

/** Every answer of S3 that is about an object has one. */
export function etagOf(etag: string | undefined, url: string): string {
  if (etag === undefined) throw notS3(url)
  return etag
}

/** The region that the server says the bucket is in. */
function regionOf({ Region, $response }: S3Error): string | undefined {
  const region = $response?.headers?.['x-amz-bucket-region'] ?? Region
  return typeof region === 'string' && /^[a-z0-9-]{1,39}$/.test(region) ? region : undefined
}

/** The SDK's errors hold the request and its answer whole, headers included. */
function slim(error: unknown): Error {
  const { name, message, stack } = error as Error
  return Object.assign(new Error(message), { name, stack })
}

/**
 * Answers to a write that was not done because of another one under way, which is tried again: 409 (OperationAborted, ConditionalRequestConflict), and
 * MinIO's AccessDenied where a folder in the name is being removed, as by the deletion of all that was in it (seen twice in 2,400 writes of four clients).
 */
export const NOT_DONE = [409, 'AccessDenied'] as const

/** What an answer was, by the name of the error or the HTTP status. */
export function isAnswer(error: unknown, ...what: readonly (string | number)[]): boolean {
  if (!isDwhError(error)) return false
  return what.includes(error.context.name as string) || what.includes(error.context.status as number)
}

/** True for a failure after which nobody knows whether the server did what it was asked. */
export function isUncertain(error: unknown): boolean {
  if (!isDwhError(error)) return false
  const { status } = error.context
  return (
    (status === null && error.code === 'STORE_UNREACHABLE') ||
    (typeof status === 'number' && (status >= 500 || status === 408))
  )
}

/** Node's code of a failed connection, wherever it is in the error. */
function networkCode(error: S3Error): string | undefined {
  if (
    typeof error.code === 'string' &&
    /^(E[A-Z]+|[A-Z_]*CERT[A-Z_]*|UNABLE_[A-Z_]+|ERR_[A-Z_]+|HPE_[A-Z_]+)$/.test(error.code)
  )
    return error.code
  for (const inner of [error.cause, ...(error.errors ?? [])]) {
    const code = inner instanceof Error ? networkCode(inner as S3Error) : undefined
    if (code !== undefined) return code
  }
  return undefined
}
