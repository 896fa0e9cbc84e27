import { DwhError, type DwhErrorCode, isDwhError } from '@dwh/core'

/** The parts of an error of the SDK, and of Node's network, that are read. */
interface S3Error {
  readonly name?: string
  readonly code?: string
  readonly message?: string
  readonly cause?: unknown
  readonly errors?: readonly unknown[]
  readonly $metadata?: { readonly httpStatusCode?: number }
}

type Meaning = readonly [code: DwhErrorCode, hint: string | undefined]

/** https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
const NAMES: Readonly<Record<string, Meaning>> = {
  InvalidAccessKeyId: ['STORE_DENIED', 'The server does not know this access key: check AWS_ACCESS_KEY_ID.'],
  SignatureDoesNotMatch: [
    'STORE_DENIED',
    'The secret key is not the one of this access key: check AWS_SECRET_ACCESS_KEY.',
  ],
  ExpiredToken: ['STORE_DENIED', 'The session token has expired: get new credentials.'],
  InvalidToken: ['STORE_DENIED', 'The session token is not valid: check AWS_SESSION_TOKEN.'],
  RequestTimeTooSkewed: ['STORE_DENIED', 'The clock of this machine is wrong: set it.'],
  CredentialsProviderError: [
    'STORE_DENIED',
    'No credentials were found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE.',
  ],
  NoSuchBucket: ['STORE_FAILED', 'Create the bucket, or check its name, the region and the endpoint.'],
  PermanentRedirect: ['STORE_FAILED', 'The bucket is in another region: set S3_REGION to it.'],
  AuthorizationHeaderMalformed: ['STORE_FAILED', 'The bucket is in another region: set S3_REGION to it.'],
  QuotaExceeded: ['STORE_FULL', 'The quota is used up: free some space, or have it raised.'],
  XMinioStorageFull: ['STORE_FULL', 'The disks of the storage are full: free some space.'],
  SlowDown: ['STORE_UNREACHABLE', 'The storage is overloaded: try again later, or read fewer tables at once.'],
}

/** The SDK's own error has no other mark. */
const NO_REGION: Meaning = [
  'CONFIG_INVALID',
  'Set S3_REGION for a bucket at AWS; S3_ENDPOINT for one that is elsewhere.',
]

const DENIED: Meaning = [
  'STORE_DENIED',
  'Let these credentials read, write, delete and list there (s3:GetObject, s3:PutObject, s3:DeleteObject, s3:ListBucket, s3:AbortMultipartUpload). Without s3:ListBucket, an object that is missing is refused too.',
]

const NETWORK: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Nothing listens there: check host and port of the endpoint, and that the server runs.',
  ENOTFOUND:
    'There is no such host: check the endpoint. A bucket in the host name needs its own DNS name; S3_PATH_STYLE=true puts it in the path.',
  EAI_AGAIN: 'The name of the host cannot be looked up: check the network.',
  ECONNRESET: 'The connection was cut: is it http where https is spoken, or a proxy in between?',
  ETIMEDOUT: 'The server does not answer: check the endpoint, firewalls and proxies.',
  EHOSTUNREACH: 'There is no way to that host: check the network.',
  ENETUNREACH: 'There is no way to that network: check the network.',
  EPROTO: 'It does not speak TLS: is the endpoint http instead of https?',
  SELF_SIGNED_CERT_IN_CHAIN:
    'Its certificate is signed by an authority that is not known here: name the file in S3_CA_FILE.',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'Its certificate is signed by itself: name the file in S3_CA_FILE.',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'Its certificate is signed by an authority that is not known here: name the file in S3_CA_FILE.',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    'Its certificate is signed by an authority that is not known here: name the file in S3_CA_FILE.',
  ERR_TLS_CERT_ALTNAME_INVALID:
    'Its certificate is for another name: use that name in the endpoint, or S3_PATH_STYLE=true when the bucket is in the host name.',
  CERT_HAS_EXPIRED: 'Its certificate has expired: have it renewed.',
}

/** What the server or the network answered, as a DwhError that says what to do. No header and no key is in it. */
export function s3Failure(error: unknown, url: string): DwhError {
  if (isDwhError(error)) return error
  const found = error as S3Error
  const status = found.$metadata?.httpStatusCode
  const network = networkCode(found)
  const name = found.name ?? 'Error'
  const [code, hint] = found.message === 'Region is missing' ? NO_REGION : meaning(name, status, network)
  // an answer without a body, as that to HEAD is
  const http = name === 'Unknown' ? `HTTP ${status}` : `${name} (HTTP ${status})`
  const what = status === undefined ? (network ?? name) : http
  const said = found.message && found.message !== name && found.message !== 'UnknownError' ? `: ${found.message}` : ''
  return new DwhError(code, `${url}: ${what}${said}`, {
    hint,
    context: { status: status ?? null, name, ...(name === 'TimeoutError' ? { silent: true } : {}) },
    cause: slim(error),
  })
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

function meaning(name: string, status: number | undefined, network: string | undefined): Meaning {
  const named = NAMES[name]
  if (named) return named
  if (status === 412) return ['CONFLICT', undefined]
  if (status === 401 || status === 403) return DENIED
  if (status === 507) return NAMES.QuotaExceeded as Meaning
  if (status === 404) return ['STORE_FAILED', undefined]
  if (status !== undefined && status < 500)
    return [
      'STORE_FAILED',
      'The storage, or a proxy in between, did not take the request: its log says why. Run again.',
    ]
  if (status !== undefined) return ['STORE_UNREACHABLE', 'The storage failed, several times: try again later.']
  if (network !== undefined || name === 'TimeoutError')
    return ['STORE_UNREACHABLE', NETWORK[network ?? 'ETIMEDOUT'] ?? 'Check the endpoint and the network.']
  return ['STORE_FAILED', undefined]
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
