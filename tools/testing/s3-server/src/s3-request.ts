import type { IncomingMessage } from 'node:http'
import { S3Error } from './s3-error.ts'

/** A decoded request: its signed parts, and its address. */
export interface S3Request {
  readonly method: string
  /** Decoded, from the first `/`. */
  readonly path: string
  /** Decoded, in the order they arrived. */
  readonly query: readonly (readonly [name: string, value: string])[]
  /**
   * By lower-case name, as UTF-8; repeated headers are joined with a comma. Presigned `x-amz-*` query parameters count
   * as headers.
   */
  readonly headers: ReadonlyMap<string, string>
  /** The lower-case names of the real headers. */
  readonly sentHeaders: readonly string[]
  /** `''` if the request is not about a bucket. */
  readonly bucket: string
  /** `''` if the request is about a bucket. */
  readonly key: string
}

/**
 * @param domains a Host of `<bucket>.<domain>` is a bucket addressed in virtual-host style; any other Host is path
 * style.
 * Source: "Virtual hosting of buckets", Amazon S3 User Guide (VirtualHosting.html).
 * @throws S3Error InvalidURI
 */
export function readRequest(message: IncomingMessage, domains: readonly string[]): S3Request {
  const [rawPath = '/', rawQuery = ''] = splitOnce(message.url ?? '/', '?')
  const query = readQuery(rawQuery)
  const sent = readHeaders(message.rawHeaders)
  const headers = new Map(sent)
  if (query.some(([name]) => name === 'X-Amz-Signature')) for (const [name, value] of query) hoist(headers, name, value)
  return {
    method: message.method ?? 'GET',
    path: decode(rawPath, 'InvalidURI'),
    query,
    headers,
    sentHeaders: [...sent.keys()],
    ...address(rawPath, hostName(sent.get('host') ?? ''), domains),
  }
}

/** Returns the value of a query parameter; `''` if it has none. */
export function parameter(request: S3Request, name: string): string | undefined {
  return request.query.find(([each]) => each === name)?.[1]
}

/** Splits a path or an `x-amz-copy-source` into `bucket` and `key`. S3 reads `+` in a path as a space. */
export function splitBucketKey(rawPath: string): { bucket: string; key: string } {
  const [bucket = '', key = ''] = splitOnce(rawPath.replace(/^\//, ''), '/')
  return { bucket: decode(bucket, 'InvalidURI'), key: decode(key.replaceAll('+', ' '), 'InvalidURI') }
}

function address(rawPath: string, host: string, domains: readonly string[]): { bucket: string; key: string } {
  const domain = domains.find((each) => host.endsWith(`.${each}`))
  if (domain === undefined) return splitBucketKey(rawPath)
  const bucket = host.slice(0, -domain.length - 1)
  return { bucket, key: splitBucketKey(`/x/${rawPath.slice(1)}`).key }
}

function hostName(host: string): string {
  return host.toLowerCase().replace(/:\d+$/, '')
}

/** Treats the query parameters of a presigned URL as `x-amz-*` headers, except those of the signature itself. */
function hoist(headers: Map<string, string>, name: string, value: string): void {
  const lower = name.toLowerCase()
  if (lower.startsWith('x-amz-') && !name.startsWith('X-Amz-') && !headers.has(lower)) headers.set(lower, value)
}

function readQuery(raw: string): [string, string][] {
  if (raw === '') return []
  return raw.split('&').map((pair) => {
    const [name = '', value = ''] = splitOnce(pair.replaceAll('+', ' '), '=')
    return [decode(name, 'InvalidURI'), decode(value, 'InvalidURI')]
  })
}

/** Node reads header bytes as Latin-1; S3's clients send UTF-8. */
function readHeaders(raw: readonly string[]): Map<string, string> {
  const headers = new Map<string, string>()
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = (raw[at] as string).toLowerCase()
    const value = Buffer.from(raw[at + 1] as string, 'latin1').toString('utf8')
    const before = headers.get(name)
    headers.set(name, before === undefined ? value : `${before},${value}`)
  }
  return headers
}

function decode(text: string, code: 'InvalidURI'): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new S3Error(code)
  }
}

function splitOnce(text: string, at: string): string[] {
  const index = text.indexOf(at)
  return index < 0 ? [text] : [text.slice(0, index), text.slice(index + at.length)]
}
