import type { OperationName } from './operation-name.ts'
import type { S3Request } from './s3-request.ts'

/** One request as it arrived, and its outcome. */
export interface RecordedRequest {
  readonly operation: OperationName | 'Unknown'
  /** `''` if the request is not about a bucket. */
  readonly bucket: string
  /** `''` if the request is about a bucket. */
  readonly key: string
  readonly method: string
  readonly query: Readonly<Record<string, string>>
  /** By lower-case name; without `authorization`, and without the values of tokens and customer keys. */
  readonly headers: Readonly<Record<string, string>>
  /** Null while it is not answered, or if it never is. */
  readonly status: number | null
  /** The error code of the answer. */
  readonly code: string | null
  /** Size of the received body, without the framing of `aws-chunked`. */
  readonly bytesIn: number
  /** Size of the answer's body, as written to the socket. */
  readonly bytesOut: number
}

/** The same while the request is in progress. */
export type RunningRequest = { -readonly [Name in keyof RecordedRequest]: RecordedRequest[Name] }

const SECRET = new Set([
  'x-amz-security-token',
  'x-amz-signature',
  'x-amz-server-side-encryption-customer-key',
  'x-amz-copy-source-server-side-encryption-customer-key',
])

export function recordRequest(request: S3Request, operation: OperationName | null): RunningRequest {
  const { bucket, key, method } = request
  return {
    operation: operation ?? 'Unknown',
    bucket,
    key,
    method,
    query: withoutSecrets(request.query),
    headers: withoutSecrets([...request.headers].filter(([name]) => name !== 'authorization')),
    status: null,
    code: null,
    bytesIn: 0,
    bytesOut: 0,
  }
}

function withoutSecrets(entries: Iterable<readonly [string, string]>): Record<string, string> {
  return Object.fromEntries(
    [...entries].map(([name, value]) => [name, SECRET.has(name.toLowerCase()) ? '(secret)' : value]),
  )
}
