import { DwhError, isDwhError } from '@dwh/core'
import { type AskedRequest, meaningOf, NOT_S3 } from './s3-hints.ts'
import type { S3StoreOptions } from './s3-options.ts'

export { type AskedRequest, NOT_S3 } from './s3-hints.ts'

/** The parts that we read of an error of the SDK, or of Node's network. */
interface S3Error {
  readonly name?: string
  readonly code?: string
  readonly message?: string
  readonly cause?: unknown
  readonly errors?: readonly unknown[]
  readonly $metadata?: { readonly httpStatusCode?: number }
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> }
  /** In S3's answers about the region and the bucket. */
  readonly Region?: unknown
  readonly BucketName?: unknown
  /** Set by our middleware. */
  readonly asked?: AskedRequest
}

/** Converts an error of the server or the network to a DwhError with a hint. Contains no header and no key. */
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
  // an answer without a body, such as the answer to HEAD
  const http = name === 'Unknown' ? `HTTP ${status}` : `${name} (HTTP ${status})`
  const what = status === undefined ? (network ?? name) : http
  return new DwhError(code, `${url}: ${what}${said(found, name)}`, {
    hint,
    context: { status: status ?? null, name, ...(name === 'TimeoutError' ? { silent: true } : {}) },
    cause: slim(error),
  })
}

/** An answer that the SDK cannot parse and that has no error name does not come from S3. */
function nameOf({ name = 'Error' }: S3Error, status: number | undefined): string {
  const unread = status !== undefined && status < 500 && /^(Error|SyntaxError|TypeError)$/.test(name)
  return unread ? NOT_S3 : name
}

function said({ message }: S3Error, name: string): string {
  if (name === NOT_S3) return ': not an S3 server'
  return message && message !== name && message !== 'UnknownError' ? `: ${message}` : ''
}

/** The error for an answer of another server that the SDK took for an answer of S3. */
export function notS3(url: string): DwhError {
  const { code, hint } = meaningOf({ name: NOT_S3 })
  return new DwhError(code, `${url}: not an S3 server`, { hint })
}

/** Returns the ETag of an answer. Every answer of S3 about an object has one. */
export function etagOf(etag: string | undefined, url: string): string {
  if (etag === undefined) throw notS3(url)
  return etag
}

/** Returns the region of the bucket, from the server's answer. */
function regionOf({ Region, $response }: S3Error): string | undefined {
  const region = $response?.headers?.['x-amz-bucket-region'] ?? Region
  return typeof region === 'string' && /^[a-z0-9-]{1,39}$/.test(region) ? region : undefined
}

/** Returns an error without the request and the answer, headers included, which the SDK's errors contain. */
function slim(error: unknown): Error {
  const { name, message, stack } = error as Error
  return Object.assign(new Error(message), { name, stack })
}

/**
 * Answers to a write that failed because of another write at the same time; we retry it. 409 (OperationAborted,
 * ConditionalRequestConflict), and MinIO's AccessDenied while it removes a folder in the name, such as after the
 * deletion of all its objects (seen twice in 2,400 writes of four clients).
 */
export const NOT_DONE = [409, 'AccessDenied'] as const

/** True for an answer with one of these error names or HTTP statuses. */
export function isAnswer(error: unknown, ...what: readonly (string | number)[]): boolean {
  if (!isDwhError(error)) return false
  return what.includes(error.context.name as string) || what.includes(error.context.status as number)
}

/** True for a failure after which it is unknown whether the server carried out the request. */
export function isUncertain(error: unknown): boolean {
  if (!isDwhError(error)) return false
  const { status } = error.context
  return (
    (status === null && error.code === 'STORE_UNREACHABLE') ||
    (typeof status === 'number' && (status >= 500 || status === 408))
  )
}

/** Returns Node's code of a failed connection, from anywhere in the error. */
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
