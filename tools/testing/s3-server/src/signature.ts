import { createHash, createHmac } from 'node:crypto'
import type { S3Request } from './s3-request.ts'

/**
 * Computes AWS Signature Version 4 as S3 does. Source: "Authenticating Requests (AWS Signature Version 4)", Amazon S3
 * API Reference (API/sig-v4-header-based-auth.html, sigv4-query-string-auth.html, sigv4-streaming.html,
 * sigv4-streaming-trailers.html).
 */
export interface Scope {
  /** `yyyymmdd`. */
  readonly day: string
  readonly region: string
  readonly service: string
}

export function scopeText({ day, region, service }: Scope): string {
  return `${day}/${region}/${service}/aws4_request`
}

export function signingKey(secretAccessKey: string, { day, region, service }: Scope): Buffer {
  return ['aws4_request', service, region, day].reduceRight<Buffer>(
    (key, part) => hmac(key, part),
    Buffer.from(`AWS4${secretAccessKey}`),
  )
}

export function canonicalRequest(request: S3Request, signedHeaders: readonly string[], payloadHash: string): string {
  return [
    request.method,
    encodePath(request.path),
    canonicalQuery(request.query),
    ...signedHeaders.map((name) => `${name}:${canonicalValue(request.headers.get(name) ?? '')}`),
    '',
    signedHeaders.join(';'),
    payloadHash,
  ].join('\n')
}

/** `time` is `yyyymmddThhmmssZ`. */
export function stringToSign(time: string, scope: Scope, canonical: string): string {
  return ['AWS4-HMAC-SHA256', time, scopeText(scope), sha256(canonical)].join('\n')
}

export function sign(key: Buffer, text: string): string {
  return hmac(key, text).toString('hex')
}

/** Start of a chain of chunk signatures: the signature of the request's headers. */
export interface ChunkChain {
  readonly key: Buffer
  readonly time: string
  readonly scope: Scope
  readonly seed: string
}

export function chunkSignature(chain: ChunkChain, previous: string, chunkHash: string): string {
  const text = ['AWS4-HMAC-SHA256-PAYLOAD', chain.time, scopeText(chain.scope), previous, sha256(''), chunkHash]
  return sign(chain.key, text.join('\n'))
}

/** `trailers` has one `name:value\n` for each. */
export function trailerSignature(chain: ChunkChain, previous: string, trailers: string): string {
  const text = ['AWS4-HMAC-SHA256-TRAILER', chain.time, scopeText(chain.scope), previous, sha256(trailers)]
  return sign(chain.key, text.join('\n'))
}

export function sha256(text: string | Buffer): string {
  return createHash('sha256').update(text).digest('hex')
}

/** Encodes everything except the unreserved characters, with upper-case hex digits. */
export function encodeStrictly(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
}

/** S3 encodes a path once and does not normalise it. */
function encodePath(path: string): string {
  return path.split('/').map(encodeStrictly).join('/')
}

function canonicalQuery(query: S3Request['query']): string {
  return query
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]): [string, string] => [encodeStrictly(name), encodeStrictly(value)])
    .sort(([a, x], [b, y]) => (a === b ? order(x, y) : order(a, b)))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function canonicalValue(value: string): string {
  return value.trim().replace(/ +/g, ' ')
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
