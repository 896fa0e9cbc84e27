import { createHash } from 'node:crypto'
import type { PayloadPromise } from './authenticate.ts'
import { decodeAwsChunked } from './aws-chunked.ts'
import { type BodyStore, type Content, readContent, release } from './body-store.ts'
import {
  CHECKSUM_ALGORITHMS,
  type ChecksumAlgorithm,
  isChecksumAlgorithm,
  type RunningChecksum,
  startChecksum,
} from './checksums.ts'
import type { StoredChecksum } from './object-map.ts'
import { S3Error } from './s3-error.ts'
import type { S3Request } from './s3-request.ts'

export interface ReceiveOptions {
  readonly store: BodyStore
  readonly payload: PayloadPromise
  readonly maxBytes: number
  readonly minChunkBytes: number
  /** Stores the chunk heads and trailers as part of the content, as servers do that do not know `aws-chunked`. */
  readonly storesTrailers: boolean
  /** Checksums to compute even if the request names none. */
  readonly checksum: ChecksumAlgorithm | null
  /** Receives each piece of content as it arrives. */
  onBytes(count: number): void
}

export interface ReceivedBody {
  /** Held once. */
  readonly content: Content
  /** In hex. */
  readonly md5: string
  readonly checksum: StoredChecksum | null
}

/**
 * Receives a body and verifies everything declared about it: length, Content-MD5, checksum, SHA-256, the signatures of
 * its chunks. Stores nothing if one of them is wrong, or if the client leaves. Source: PutObject, Amazon S3 API
 * Reference (API/API_PutObject.html).
 * @throws S3Error
 */
export async function receiveBody(
  request: S3Request,
  source: AsyncIterable<Buffer>,
  options: ReceiveOptions,
): Promise<ReceivedBody> {
  const { payload } = options
  const declaredBytes = declaredLength(request, payload)
  if (declaredBytes > options.maxBytes) throw tooLarge(options.maxBytes)
  const raw = options.storesTrailers && payload.kind === 'chunked'
  const declared = raw ? null : declaredChecksum(request)
  const algorithm = declared?.algorithm ?? options.checksum
  const running = {
    md5: createHash('md5'),
    sha256: payload.kind === 'sha256' ? createHash('sha256') : null,
    checksum: algorithm === null ? null : startChecksum(algorithm),
    size: 0,
  }
  let trailers: ReadonlyMap<string, string> = new Map()
  const decoded =
    payload.kind === 'chunked' && !raw
      ? decodeAwsChunked(source, {
          chain: payload.chain,
          trailer: payload.trailer,
          decodedBytes: declaredBytes,
          minChunkBytes: options.minChunkBytes,
          onTrailers(sent) {
            trailers = sent
          },
        })
      : source

  async function* measured(): AsyncGenerator<Buffer> {
    for await (const chunk of decoded) {
      running.size += chunk.length
      if (running.size > options.maxBytes) throw tooLarge(options.maxBytes)
      running.md5.update(chunk)
      running.sha256?.update(chunk)
      running.checksum?.update(chunk)
      options.onBytes(chunk.length)
      yield chunk
    }
  }

  const content = await options.store.write(measured())
  try {
    if (!raw && running.size !== declaredBytes) throw new S3Error('IncompleteBody')
    const md5 = running.md5.digest()
    if (!raw) checkMd5(request, md5)
    if (payload.kind === 'sha256') checkSha256(payload.hash, running.sha256?.digest('hex') ?? '')
    const checksum = checkChecksum(declared, trailers, algorithm, running.checksum)
    return { content, md5: md5.toString('hex'), checksum }
  } catch (error) {
    release(content)
    throw error
  }
}

/** Returns the content as text and releases it. For operations with an XML body. */
export async function textOf({ content }: ReceivedBody): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of readContent(content)) chunks.push(chunk)
  release(content)
  return Buffer.concat(chunks).toString('utf8')
}

function declaredLength(request: S3Request, payload: PayloadPromise): number {
  const name = payload.kind === 'chunked' ? 'x-amz-decoded-content-length' : 'content-length'
  const value = request.headers.get(name)
  if (value === undefined && request.headers.has('transfer-encoding') && payload.kind !== 'chunked')
    throw new S3Error('NotImplemented', undefined, { Header: 'Transfer-Encoding' })
  if (value === undefined && payload.kind !== 'chunked' && request.method === 'POST') return 0
  if (value === undefined || !/^\d+$/.test(value)) throw new S3Error('MissingContentLength')
  return Number(value)
}

interface DeclaredChecksum {
  readonly algorithm: ChecksumAlgorithm
  /** Null if it follows in a trailer. */
  readonly value: string | null
}

/** Source: "Checking object integrity", Amazon S3 User Guide. */
function declaredChecksum(request: S3Request): DeclaredChecksum | null {
  const named = CHECKSUM_ALGORITHMS.filter((each) => request.headers.has(`x-amz-checksum-${each}`))
  const trailer = request.headers.get('x-amz-trailer')?.trim().toLowerCase().replace('x-amz-checksum-', '')
  if (named.length + (trailer === undefined ? 0 : 1) > 1)
    throw new S3Error(
      'InvalidRequest',
      'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.',
    )
  if (trailer !== undefined) {
    if (!isChecksumAlgorithm(trailer))
      throw new S3Error('InvalidRequest', 'The value specified in the x-amz-trailer header is not supported')
    return { algorithm: trailer, value: null }
  }
  const algorithm = named[0]
  return algorithm ? { algorithm, value: request.headers.get(`x-amz-checksum-${algorithm}`) as string } : null
}

function checkChecksum(
  declared: DeclaredChecksum | null,
  trailers: ReadonlyMap<string, string>,
  algorithm: ChecksumAlgorithm | null,
  running: RunningChecksum | null,
): StoredChecksum | null {
  if (algorithm === null || running === null) return null
  const digest = running.digest()
  const value = digest.toString('base64')
  if (declared) {
    const given = declared.value ?? trailers.get(`x-amz-checksum-${algorithm}`)
    if (given === undefined) throw new S3Error('MalformedTrailerError')
    if (Buffer.from(given, 'base64').length !== digest.length || !/^[A-Za-z0-9+/]+=*$/.test(given))
      throw new S3Error('InvalidRequest', `Value for x-amz-checksum-${algorithm} header is invalid.`)
    if (given !== value)
      throw new S3Error(
        'BadDigest',
        `The ${algorithm.toUpperCase()} you specified did not match the calculated checksum.`,
      )
  }
  return { algorithm, value, type: 'FULL_OBJECT' }
}

function checkMd5(request: S3Request, md5: Buffer): void {
  const given = request.headers.get('content-md5')
  if (given === undefined) return
  const bytes = Buffer.from(given, 'base64')
  if (bytes.length !== 16) throw new S3Error('InvalidDigest', undefined, { 'Content-MD5': given })
  if (!bytes.equals(md5))
    throw new S3Error('BadDigest', 'The Content-MD5 you specified did not match what we received.', {
      ExpectedDigest: given,
      CalculatedDigest: md5.toString('base64'),
    })
}

function checkSha256(given: string, computed: string): void {
  if (given === computed) return
  throw new S3Error('XAmzContentSHA256Mismatch', undefined, {
    ClientComputedContentSHA256: given,
    S3ComputedContentSHA256: computed,
  })
}

function tooLarge(maxBytes: number): S3Error {
  return new S3Error('EntityTooLarge', undefined, { MaxSizeAllowed: String(maxBytes) })
}
