import type { DwhErrorCode } from '@dwh/core'
import { networkHint } from './s3-network-hints.ts'
import type { S3StoreOptions } from './s3-options.ts'

/** A failed request, as our middleware saw it. */
export interface AskedRequest {
  /** The name of the command in the SDK. */
  readonly command: string
  /** Whether the request has a checksum in a header. */
  readonly hasChecksum: boolean
}

/** A refused request: the request, and the codes of the answer. */
export interface Refusal {
  /** The code of S3's error, or the name of the SDK's. */
  readonly name: string
  readonly status?: number | undefined
  readonly network?: string | undefined
  /** The region of the bucket, from the answer. */
  readonly region?: string | undefined
  /** Whether the answer is about another bucket than the request. */
  readonly otherBucket?: boolean | undefined
  readonly asked?: AskedRequest | undefined
  readonly options?: S3StoreOptions | undefined
}

export interface Meaning {
  readonly code: DwhErrorCode
  readonly hint: string | undefined
}

type Hint = string | ((refusal: Refusal) => string)

/** The error name for an answer that does not come from S3. */
export const NOT_S3 = 'NotS3'

const ENDPOINT = 'S3_ENDPOINT (s3.endpoint)'
const PATH_STYLE = 'S3_PATH_STYLE (s3.path_style)'

/**
 * Hints by the error codes of S3 (https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html) and of
 * compatible servers.
 */
const NAMES: Readonly<Record<string, readonly [DwhErrorCode, Hint]>> = {
  InvalidAccessKeyId: [
    'STORE_DENIED',
    'The server does not know this access key: check AWS_ACCESS_KEY_ID (s3.access_key_id).',
  ],
  SignatureDoesNotMatch: [
    'STORE_DENIED',
    'The secret key is not the one of this access key: check AWS_SECRET_ACCESS_KEY (s3.secret_access_key).',
  ],
  ExpiredToken: [
    'STORE_DENIED',
    'The session token has expired: get new credentials (AWS_SESSION_TOKEN, s3.session_token).',
  ],
  TokenRefreshRequired: [
    'STORE_DENIED',
    'The session token has expired: get new credentials (AWS_SESSION_TOKEN, s3.session_token).',
  ],
  InvalidToken: ['STORE_DENIED', 'The session token is not valid: check AWS_SESSION_TOKEN (s3.session_token).'],
  RequestTimeTooSkewed: ['STORE_DENIED', 'The clock of this machine is wrong: set it.'],
  RequestExpired: ['STORE_DENIED', 'The clock of this machine is wrong: set it.'],
  CredentialsProviderError: [
    'STORE_DENIED',
    [
      'No credentials were found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE;',
      'or S3_ANONYMOUS=true (s3.anonymous) to read a public bucket.',
    ].join(' '),
  ],
  InvalidBucketName: [
    'CONFIG_INVALID',
    [
      'The server rejects this bucket name: most allow 3 to 63 characters of a-z 0-9 . - only.',
      'Check DWH_STORAGE (storage).',
    ].join(' '),
  ],
  NoSuchBucket: [
    'STORE_FAILED',
    ({ otherBucket, options }) => {
      if (!otherBucket)
        return `Create the bucket, or check its name in DWH_STORAGE (storage), S3_REGION (s3.region) and ${ENDPOINT}.`
      const inPath = options?.pathStyle === false
      const expects = inPath ? 'it expects the bucket in the path' : 'it may expect the bucket in the host name'
      return `The server looked for another bucket: ${expects}. Change ${PATH_STYLE}.`
    },
  ],
  PermanentRedirect: ['STORE_FAILED', otherRegion],
  TemporaryRedirect: ['STORE_FAILED', otherRegion],
  IllegalLocationConstraintException: ['STORE_FAILED', otherRegion],
  AuthorizationHeaderMalformed: ['STORE_FAILED', otherRegion],
  SecondLevelDomainForbidden: [
    'STORE_FAILED',
    `The server expects the bucket in the host name: set ${PATH_STYLE}: false.`,
  ],
  InvalidRequest: ['STORE_FAILED', invalidRequest],
  MissingContentMD5: ['STORE_FAILED', invalidRequest],
  MethodNotAllowed: [
    'STORE_FAILED',
    [
      `The server does not support this request. Check that ${ENDPOINT} is the S3 API,`,
      `not a web site or a console; check ${PATH_STYLE} too.`,
    ].join(' '),
  ],
  InvalidObjectState: ['STORE_FAILED', 'The object was archived, perhaps by a lifecycle rule: restore it first.'],
  QuotaExceeded: ['STORE_FULL', 'The quota is used up: free some space, or raise the quota.'],
  XMinioStorageFull: ['STORE_FULL', 'The disks of the storage are full: free some space.'],
  SlowDown: ['STORE_UNREACHABLE', overloaded],
  [NOT_S3]: [
    'STORE_FAILED',
    ({ options }) => {
      const https = options?.endpoint?.startsWith('http:') ? ', and whether it needs https instead of http' : ''
      return `Check that ${ENDPOINT} is an S3 API, not a console, a web site or a proxy${https}.`
    },
  ],
}

/** Returns the error code of a refusal and what to do about it. */
export function meaningOf(refusal: Refusal): Meaning {
  const { code, hint } = meaning(refusal)
  return { code, hint: hint === undefined ? undefined : `${hint}${pathHint(refusal)}` }
}

function meaning(refusal: Refusal): Meaning {
  const { name, status, network, region, options } = refusal
  if (name === 'NoSuchKey' && refusal.asked?.command === 'ListObjectsV2Command') return fixed('STORE_FAILED', inHost)
  const named = NAMES[name]
  if (named) return fixed(named[0], named[1])
  if (/^(XMinio)?KMS/.test(name)) return fixed('STORE_FAILED', KMS)
  if (status === 412) return fixed('CONFLICT', undefined)
  // answers to HEAD have no error name
  if (status === 301 || status === 307 || (status === 400 && region !== undefined && region !== options?.region))
    return fixed('STORE_FAILED', otherRegion)
  if (status === 401 || status === 403) return fixed('STORE_DENIED', denied)
  if (status === 407)
    return fixed('STORE_DENIED', 'The proxy requires a login: set HTTPS_PROXY=http://user:password@host:port.')
  if (status === 507) return fixed('STORE_FULL', 'The quota is used up: free some space, or raise the quota.')
  if (status === 404) return fixed('STORE_FAILED', undefined)
  if (status === 429) return fixed('STORE_UNREACHABLE', overloaded)
  if (status === 501 || /Encryption/.test(name)) return fixed('STORE_FAILED', notImplemented)
  if (status !== undefined && status < 500)
    return fixed(
      'STORE_FAILED',
      'The storage, or a proxy in between, rejected the request: see its log, then run again.',
    )
  if (status !== undefined) return fixed('STORE_UNREACHABLE', 'The storage failed several times: try again later.')
  if (network !== undefined || name === 'TimeoutError') return fixed('STORE_UNREACHABLE', networkHint(network, options))
  return fixed('STORE_FAILED', undefined)

  function fixed(code: DwhErrorCode, hint: Hint | undefined): Meaning {
    return { code, hint: typeof hint === 'function' ? hint(refusal) : hint }
  }
}

const KMS = [
  'The encryption key or the key service cannot be used:',
  'check s3.kms_key_id (S3_KMS_KEY_ID) and s3.encryption (S3_ENCRYPTION).',
].join(' ')

function otherRegion({ name, region, options }: Refusal): string {
  if (region === undefined && name === 'AuthorizationHeaderMalformed')
    return [
      'The bucket is in another region, or the access key id is invalid:',
      'check S3_REGION (s3.region) and AWS_ACCESS_KEY_ID.',
    ].join(' ')
  const where =
    region === undefined
      ? 'in another region: set S3_REGION (s3.region) to it'
      : `in ${region}: set S3_REGION=${region} (s3.region)`
  const endpoint =
    options?.endpoint === undefined ? '' : `, and ${ENDPOINT} to the endpoint of that region, if it has its own`
  return `The bucket is ${where}${endpoint}.`
}

/** S3 uses this code for many refusals; the request tells which one it is. */
function invalidRequest({ asked }: Refusal): string {
  const isPut = asked?.command === 'PutObjectCommand' || asked?.command === 'UploadPartCommand'
  return isPut && !asked.hasChecksum
    ? 'A bucket with Object Lock rejects writes without a checksum: set s3.checksum: always (S3_CHECKSUM=always).'
    : [
        'The storage rejected the request; its message says why.',
        'Compare the settings under s3: (docs/storage.md) with what the bucket requires.',
      ].join(' ')
}

function notImplemented({ asked, options }: Refusal): string {
  if (options?.encryption)
    return 'The server does not support this encryption: correct s3.encryption (S3_ENCRYPTION), or remove it.'
  if (asked?.hasChecksum) return 'The server may not support checksums: remove s3.checksum (S3_CHECKSUM).'
  return 'The server lacks a feature that this needs: docs/storage.md lists the servers that were tested.'
}

function overloaded(): string {
  return 'The storage is overloaded: try again later, or lower parallel (DWH_PARALLEL) and s3.parallel_parts.'
}

function inHost(): string {
  return [
    'The server found no bucket in the request.',
    `If ${ENDPOINT} holds the name of the bucket, remove it there, or change ${PATH_STYLE}.`,
  ].join(' ')
}

const RIGHTS = [
  'Allow these credentials to read, write, delete and list there',
  '(s3:GetObject, s3:PutObject, s3:DeleteObject, s3:ListBucket, s3:AbortMultipartUpload).',
  'Without s3:ListBucket, S3 denies access to a missing object too.',
].join(' ')

/** The server does not tell what its policy requires. So this lists possible requirements that are not set yet. */
function denied({ asked, options }: Refusal): string {
  if (options?.anonymous)
    return [
      'The bucket is not public, or the public may not list it (s3:GetObject, s3:ListBucket):',
      'set credentials, and remove s3.anonymous (S3_ANONYMOUS).',
    ].join(' ')
  const makes = /^(Put|Create|Copy)/.test(asked?.command ?? '')
  const more = [
    makes &&
      !options?.encryption &&
      [
        'If the bucket policy requires encryption: set s3.encryption (S3_ENCRYPTION),',
        'and s3.kms_key_id (S3_KMS_KEY_ID) for your own key.',
      ].join(' '),
    options?.encryption?.algorithm.startsWith('aws:kms') && 'The KMS key requires kms:GenerateDataKey and kms:Decrypt.',
    options?.requesterPays !== true &&
      'If it is a requester-pays bucket: set s3.requester_pays: true (S3_REQUESTER_PAYS).',
  ]
  return [RIGHTS, ...more.filter(Boolean)].join(' ')
}

/** Few servers need a path, so a path in the endpoint may be the mistake. */
function pathHint({ status, options }: Refusal): string {
  const { endpoint } = options ?? {}
  if (endpoint === undefined || new URL(endpoint).pathname === '/' || status === undefined || status >= 500) return ''
  return ` ${ENDPOINT} contains a path, which most servers do not have: try https://host:port.`
}
