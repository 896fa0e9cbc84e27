import { createHash, type Hash } from 'node:crypto'
import { S3Error } from './s3-error.ts'
import { type ChunkChain, chunkSignature, trailerSignature } from './signature.ts'

export interface AwsChunkedOptions {
  /** If given, every chunk and the trailer are verified with it. */
  readonly chain: ChunkChain | null
  /** Whether trailing headers follow the last chunk. */
  readonly trailer: boolean
  /** From `x-amz-decoded-content-length`. */
  readonly decodedBytes: number
  /** Smaller chunks are rejected, except the last one. */
  readonly minChunkBytes: number
  /** Called once with the trailing headers, by lower-case name, before the iteration ends. */
  onTrailers(trailers: ReadonlyMap<string, string>): void
}

/** Longest allowed head of a chunk or trailer. */
const LONGEST_LINE_BYTES = 8192

/**
 * Decodes an `aws-chunked` body. Data is passed on as it arrives, although a chunk's signature is only known at its
 * end. Source: API/sigv4-streaming.html and API/sigv4-streaming-trailers.html, Amazon S3 API Reference.
 * @throws S3Error SignatureDoesNotMatch, IncompleteBody, InvalidChunkSizeError, MalformedTrailerError
 */
export async function* decodeAwsChunked(
  source: AsyncIterable<Buffer>,
  options: AwsChunkedOptions,
): AsyncGenerator<Buffer> {
  const input = byteReader(source)
  let previous = options.chain?.seed ?? ''
  let total = 0
  let small: { chunk: number; size: number } | null = null
  for (let number = 1; ; number++) {
    const head = readHead(await input.line())
    if (head.size > 0) {
      if (small)
        throw new S3Error('InvalidChunkSizeError', undefined, {
          Chunk: String(small.chunk),
          BadChunkSize: String(small.size),
        })
      if (head.size < options.minChunkBytes) small = { chunk: number, size: head.size }
    }
    const hash = options.chain ? createHash('sha256') : null
    for await (const data of input.data(head.size)) {
      hash?.update(data)
      total += data.length
      yield data
    }
    if (options.chain && hash) previous = checkChunk(options.chain, previous, hash, head.signature)
    if (head.size === 0) break
    if ((await input.line()) !== '') throw new S3Error('IncompleteBody')
  }
  options.onTrailers(await readTrailers(input, options, previous))
  if (total !== options.decodedBytes) throw new S3Error('IncompleteBody')
  await input.drain()
}

function readHead(line: string): { size: number; signature: string } {
  const match = /^([0-9a-fA-F]+)(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(line)
  if (!match) throw new S3Error('IncompleteBody')
  return { size: Number.parseInt(match[1] as string, 16), signature: match[2] ?? '' }
}

function checkChunk(chain: ChunkChain, previous: string, hash: Hash, given: string): string {
  const expected = chunkSignature(chain, previous, hash.digest('hex'))
  if (expected !== given) throw new S3Error('SignatureDoesNotMatch')
  return expected
}

async function readTrailers(
  input: ByteReader,
  options: AwsChunkedOptions,
  previous: string,
): Promise<Map<string, string>> {
  const trailers = new Map<string, string>()
  for (let line = await input.lineOrEnd(); line; line = await input.lineOrEnd()) {
    const colon = line.indexOf(':')
    if (colon < 0 || !options.trailer) throw new S3Error('MalformedTrailerError')
    trailers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim())
  }
  const signature = trailers.get('x-amz-trailer-signature')
  trailers.delete('x-amz-trailer-signature')
  if (options.chain && options.trailer) {
    const text = [...trailers].map(([name, value]) => `${name}:${value}\n`).join('')
    if (signature !== trailerSignature(options.chain, previous, text)) throw new S3Error('SignatureDoesNotMatch')
  }
  return trailers
}

interface ByteReader {
  /** Reads to the next CRLF and returns the line without it. */
  line(): Promise<string>
  /** The same; null at the end. */
  lineOrEnd(): Promise<string | null>
  /** Reads exactly this many bytes. */
  data(size: number): AsyncGenerator<Buffer>
  /** Reads the rest, which may only be line ends. */
  drain(): Promise<void>
}

function byteReader(source: AsyncIterable<Buffer>): ByteReader {
  const iterator = source[Symbol.asyncIterator]()
  let rest: Buffer = Buffer.alloc(0)
  let ended = false

  async function more(): Promise<boolean> {
    if (ended) return false
    const next = await iterator.next()
    if (next.done) ended = true
    else rest = rest.length === 0 ? next.value : Buffer.concat([rest, next.value])
    return !ended
  }

  async function lineOrEnd(): Promise<string | null> {
    for (;;) {
      const end = rest.indexOf('\r\n')
      if (end >= 0) {
        const line = rest.toString('latin1', 0, end)
        rest = rest.subarray(end + 2)
        return line
      }
      if (rest.length > LONGEST_LINE_BYTES) throw new S3Error('IncompleteBody')
      if (!(await more())) {
        if (rest.length > 0) throw new S3Error('IncompleteBody')
        return null
      }
    }
  }

  return {
    lineOrEnd,
    async line() {
      const line = await lineOrEnd()
      if (line === null) throw new S3Error('IncompleteBody')
      return line
    },
    async *data(size) {
      for (let left = size; left > 0; ) {
        if (rest.length === 0 && !(await more())) throw new S3Error('IncompleteBody')
        const piece = rest.subarray(0, left)
        rest = rest.subarray(piece.length)
        left -= piece.length
        if (piece.length > 0) yield piece
      }
    },
    async drain() {
      do {
        if (/[^\r\n]/.test(rest.toString('latin1'))) throw new S3Error('IncompleteBody')
        rest = Buffer.alloc(0)
      } while (await more())
    },
  }
}
