import { timingSafeEqual } from 'node:crypto'
import { S3Error } from './s3-error.ts'
import { parameter, type S3Request } from './s3-request.ts'
import { type ChunkChain, canonicalRequest, type Scope, sign, signingKey, stringToSign } from './signature.ts'

export interface S3Credential {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** If set, requests must carry this token. */
  readonly sessionToken?: string
  /** From this time on, requests are answered with ExpiredToken. */
  readonly expiresAt?: Date
  /**
   * Denies what it returns true for; without it everything is allowed. `action` is the name in IAM (`s3:GetObject`,
   * `s3:ListBucket`, ...), `key` is the object's key, the prefix of a listing, or `''` for a bucket. Source: "Actions,
   * resources, and condition keys for Amazon S3".
   */
  readonly deny?: (action: string, key: string) => boolean
}

/** What the request declares about its body. */
export type PayloadPromise =
  | { readonly kind: 'unsigned' }
  | { readonly kind: 'sha256'; readonly hash: string }
  /** `aws-chunked`; with a chain, every chunk is signed. */
  | { readonly kind: 'chunked'; readonly chain: ChunkChain | null; readonly trailer: boolean }

export interface Authenticated {
  readonly credential: Pick<S3Credential, 'deny'>
  readonly payload: PayloadPromise
}

export interface AuthenticateOptions {
  readonly credentials: readonly S3Credential[]
  readonly region: string
  readonly now: Date
  /** The credential of a request without a signature. */
  readonly anonymous?: Pick<S3Credential, 'deny'>
}

/** A larger clock skew is rejected. */
const MAX_SKEW_MS = 15 * 60_000
const LONGEST_PRESIGN_SECONDS = 7 * 24 * 3600

/**
 * Verifies the signature of the headers or of a presigned URL. The body is verified later, while it is read, according
 * to `payload`.
 * @throws S3Error with S3's codes
 */
export function authenticate(request: S3Request, options: AuthenticateOptions): Authenticated {
  const unsigned = parameter(request, 'X-Amz-Algorithm') === undefined && !request.headers.has('authorization')
  if (unsigned && options.anonymous) return { credential: options.anonymous, payload: { kind: 'unsigned' } }
  const claim = parameter(request, 'X-Amz-Algorithm') === undefined ? headerClaim(request) : queryClaim(request)
  const credential = options.credentials.find((each) => each.accessKeyId === claim.accessKeyId)
  if (!credential) throw new S3Error('InvalidAccessKeyId', undefined, { AWSAccessKeyId: claim.accessKeyId })
  checkToken(credential, claim, options.now)
  checkScope(claim, options.region)
  checkTime(claim, options.now)
  const key = signingKey(credential.secretAccessKey, claim.scope)
  checkSignature(request, claim, key)
  checkUnsigned(request, claim)
  return { credential, payload: payloadPromise(claim, key) }
}

interface Claim {
  readonly accessKeyId: string
  readonly scope: Scope
  readonly signedHeaders: readonly string[]
  readonly signature: string
  /** `yyyymmddThhmmssZ`. */
  readonly time: string
  readonly token: string | undefined
  readonly payloadHash: string
  /** `null` when the signature came in headers. */
  readonly presignedSeconds: number | null
}

/** Source: API/sig-v4-header-based-auth.html. */
function headerClaim(request: S3Request): Claim {
  const authorization = request.headers.get('authorization')
  if (authorization === undefined) throw new S3Error('AccessDenied')
  const match = /^AWS4-HMAC-SHA256 +Credential=([^, ]+), *SignedHeaders=([^, ]+), *Signature=([0-9a-f]+)$/.exec(
    authorization.trim(),
  )
  if (!match) throw new S3Error('AuthorizationHeaderMalformed')
  const [, credential = '', signedHeaders = '', signature = ''] = match
  const payloadHash = request.headers.get('x-amz-content-sha256')
  if (payloadHash === undefined)
    throw new S3Error('InvalidRequest', 'Missing required header for this request: x-amz-content-sha256')
  return {
    ...readCredential(credential, 'AuthorizationHeaderMalformed'),
    signedHeaders: signedHeaders.split(';'),
    signature,
    time: readTime(request.headers.get('x-amz-date') ?? httpDate(request.headers.get('date'))),
    token: request.headers.get('x-amz-security-token'),
    payloadHash,
    presignedSeconds: null,
  }
}

/** Source: API/sigv4-query-string-auth.html. */
function queryClaim(request: S3Request): Claim {
  const need = (name: string): string => {
    const value = parameter(request, name)
    if (value === undefined || value === '')
      throw new S3Error(
        'AuthorizationQueryParametersError',
        'Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.',
      )
    return value
  }
  if (need('X-Amz-Algorithm') !== 'AWS4-HMAC-SHA256')
    throw new S3Error('AuthorizationQueryParametersError', 'X-Amz-Algorithm only supports "AWS4-HMAC-SHA256"')
  const seconds = Number(need('X-Amz-Expires'))
  if (!Number.isInteger(seconds) || seconds < 0)
    throw new S3Error('AuthorizationQueryParametersError', 'X-Amz-Expires must be non-negative')
  if (seconds > LONGEST_PRESIGN_SECONDS)
    throw new S3Error(
      'AuthorizationQueryParametersError',
      'X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds',
    )
  return {
    ...readCredential(need('X-Amz-Credential'), 'AuthorizationQueryParametersError'),
    signedHeaders: need('X-Amz-SignedHeaders').split(';'),
    signature: need('X-Amz-Signature'),
    time: readTime(need('X-Amz-Date')),
    token: parameter(request, 'X-Amz-Security-Token') ?? request.headers.get('x-amz-security-token'),
    payloadHash:
      request.headers.get('x-amz-content-sha256') ?? parameter(request, 'X-Amz-Content-Sha256') ?? 'UNSIGNED-PAYLOAD',
    presignedSeconds: seconds,
  }
}

function readCredential(
  text: string,
  code: 'AuthorizationHeaderMalformed' | 'AuthorizationQueryParametersError',
): { accessKeyId: string; scope: Scope } {
  const parts = text.split('/')
  const [day = '', region = '', service = '', end = ''] = parts.slice(-4)
  if (parts.length < 5 || end !== 'aws4_request')
    throw new S3Error(
      code,
      'The Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".',
    )
  return { accessKeyId: parts.slice(0, -4).join('/'), scope: { day, region, service } }
}

function readTime(time: string | undefined): string {
  if (time === undefined || !/^\d{8}T\d{6}Z$/.test(time))
    throw new S3Error('AccessDenied', 'AWS authentication requires a valid Date or x-amz-date header')
  return time
}

function httpDate(date: string | undefined): string | undefined {
  const at = new Date(date ?? '')
  return Number.isNaN(at.getTime()) ? undefined : at.toISOString().replace(/[-:]|\.\d{3}/g, '')
}

/** S3 does not know a temporary key without its token. */
function checkToken(credential: S3Credential, claim: Claim, now: Date): void {
  if (credential.expiresAt && now >= credential.expiresAt)
    throw new S3Error('ExpiredToken', undefined, claim.token === undefined ? {} : { 'Token-0': claim.token })
  if (credential.sessionToken !== undefined && claim.token === undefined)
    throw new S3Error('InvalidAccessKeyId', undefined, { AWSAccessKeyId: claim.accessKeyId })
  if (claim.token !== credential.sessionToken) throw new S3Error('InvalidToken')
}

function checkScope({ scope, time, presignedSeconds }: Claim, region: string): void {
  const code = presignedSeconds === null ? 'AuthorizationHeaderMalformed' : 'AuthorizationQueryParametersError'
  if (scope.region !== region)
    throw new S3Error(code, `The region '${scope.region}' is wrong; expecting '${region}'`, { Region: region })
  if (scope.service !== 's3')
    throw new S3Error(code, `Incorrect service "${scope.service}". This endpoint belongs to "s3".`)
  if (!time.startsWith(scope.day)) throw new S3Error(code, `Invalid credential date "${scope.day}".`)
}

function checkTime({ time, presignedSeconds }: Claim, now: Date): void {
  const at = Date.parse(time.replace(/^(....)(..)(..T..)(..)(..Z)$/, '$1-$2-$3:$4:$5'))
  const ageMs = now.getTime() - at
  if (presignedSeconds === null) {
    if (Math.abs(ageMs) > MAX_SKEW_MS)
      throw new S3Error('RequestTimeTooSkewed', undefined, {
        RequestTime: time,
        ServerTime: now.toISOString(),
        MaxAllowedSkewMilliseconds: String(MAX_SKEW_MS),
      })
    return
  }
  if (ageMs < -MAX_SKEW_MS) throw new S3Error('AccessDenied', 'Request is not yet valid')
  if (ageMs > presignedSeconds * 1000)
    throw new S3Error('AccessDenied', 'Request has expired', {
      'X-Amz-Expires': String(presignedSeconds),
      Expires: new Date(at + presignedSeconds * 1000).toISOString(),
      ServerTime: now.toISOString(),
    })
}

function checkSignature(request: S3Request, claim: Claim, key: Buffer): void {
  // A presigned body is unsigned unless a header that is itself signed says otherwise.
  const canonical = canonicalRequest(request, claim.signedHeaders, claim.payloadHash)
  const text = stringToSign(claim.time, claim.scope, canonical)
  const expected = Buffer.from(sign(key, text))
  const given = Buffer.from(claim.signature)
  if (expected.length === given.length && timingSafeEqual(expected, given)) return
  throw new S3Error('SignatureDoesNotMatch', undefined, {
    AWSAccessKeyId: claim.accessKeyId,
    StringToSign: text,
    SignatureProvided: claim.signature,
    CanonicalRequest: canonical,
  })
}

/** Checks that `host` and every `x-amz-*` header are signed. */
function checkUnsigned(request: S3Request, { signedHeaders }: Claim): void {
  const unsigned = request.sentHeaders.filter(
    (name) => (name === 'host' || name.startsWith('x-amz-')) && !signedHeaders.includes(name),
  )
  if (unsigned.length > 0)
    throw new S3Error('AccessDenied', 'There were headers present in the request which were not signed', {
      HeadersNotSigned: unsigned.join(', '),
    })
}

/** Source: "x-amz-content-sha256" in API/sig-v4-header-based-auth.html. */
function payloadPromise(claim: Claim, key: Buffer): PayloadPromise {
  const chain: ChunkChain = { key, time: claim.time, scope: claim.scope, seed: claim.signature }
  switch (claim.payloadHash) {
    case 'UNSIGNED-PAYLOAD':
      return { kind: 'unsigned' }
    case 'STREAMING-UNSIGNED-PAYLOAD-TRAILER':
      return { kind: 'chunked', chain: null, trailer: true }
    case 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD':
      return { kind: 'chunked', chain, trailer: false }
    case 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER':
      return { kind: 'chunked', chain, trailer: true }
  }
  if (!/^[0-9a-f]{64}$/.test(claim.payloadHash))
    throw new S3Error(
      'InvalidArgument',
      'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value.',
      { ArgumentName: 'x-amz-content-sha256', ArgumentValue: claim.payloadHash },
    )
  return { kind: 'sha256', hash: claim.payloadHash }
}
