import { type Content, EMPTY, sliceOf } from '../body-store.ts'
import { bucketOf, count, objectOf } from '../bucket-of.ts'
import { checkRead } from '../conditions.ts'
import { checksumHeaders, headersOf, quoted } from '../object-headers.ts'
import type { StoredObject } from '../object-map.ts'
import type { Answer, Call } from '../operation.ts'
import { type ByteRange, readRange } from '../range.ts'
import { S3Error } from '../s3-error.ts'
import { parameter } from '../s3-request.ts'

/** Source: API/API_GetObject.html. */
export async function getObject(call: Call): Promise<Answer> {
  return read(call, (content, range) => (range ? sliceOf(content, range.start, range.end) : content))
}

/** Source: API/API_HeadObject.html. */
export async function headObject(call: Call): Promise<Answer> {
  return read(call, () => EMPTY)
}

async function read(call: Call, bodyOf: (content: Content, range: ByteRange | null) => Content): Promise<Answer> {
  await call.beforeEffect()
  const object = objectOf(call, bucketOf(call), call.request.key)
  if (checkRead(call, object) === 'not-modified')
    return { status: 304, headers: { etag: quoted(object.etag), 'last-modified': object.modified.toUTCString() } }
  const { size } = object.content
  const part = partRange(call, object)
  const range = part ?? readRange(call.request.headers.get('range'), size)
  const headers = {
    ...headersOf(object),
    ...overrides(call),
    ...(part && object.partSizes.length > 0 ? { 'x-amz-mp-parts-count': String(object.partSizes.length) } : {}),
    'content-length': String(range ? range.end - range.start : size),
  }
  const body = bodyOf(object.content, range)
  if (range && !(part && size === 0))
    return {
      status: 206,
      headers: { ...headers, 'content-range': `bytes ${range.start}-${range.end - 1}/${size}` },
      body,
    }
  const wanted = call.request.headers.get('x-amz-checksum-mode')?.toUpperCase() === 'ENABLED'
  return { status: 200, headers: { ...headers, ...(wanted ? checksumHeaders(object.checksum) : {}) }, body }
}

/** Reads one part (`partNumber=`) of the upload that made the object. An object put as a whole is its own part 1. */
function partRange(call: Call, { content, partSizes }: StoredObject): ByteRange | null {
  if (parameter(call.request, 'partNumber') === undefined) return null
  const number = count(call, 'partNumber', 1, 10_000)
  const sizes = partSizes.length > 0 ? partSizes : [content.size]
  const size = sizes[number - 1]
  if (size === undefined) throw new S3Error('InvalidPartNumber')
  const start = sizes.slice(0, number - 1).reduce((sum, each) => sum + each, 0)
  return { start, end: start + size }
}

const OVERRIDES = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
]

/** Reads `response-content-type=` and similar parameters. */
function overrides(call: Call): Record<string, string> {
  return Object.fromEntries(
    OVERRIDES.map((name) => [name, parameter(call.request, `response-${name}`)]).filter(([, value]) => value),
  ) as Record<string, string>
}
