import { S3Error } from './s3-error.ts'

/** `end` is exclusive. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/**
 * Returns the `Range` of a read. Null means all bytes, also if the header is not a single range of bytes, which S3
 * ignores. Source: RFC 9110, 14.2; GetObject, Amazon S3 API Reference.
 * @throws S3Error InvalidRange
 */
export function readRange(header: string | undefined, size: number): ByteRange | null {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '')
  if (!match) return null
  const [, from = '', to = ''] = match
  if (from === '' && to === '') return null
  if (from === '') return suffix(Number(to), size, header as string)
  const start = Number(from)
  const last = to === '' ? size - 1 : Number(to)
  if (to !== '' && last < start) return null
  if (start >= size) throw unsatisfiable(header as string, size)
  return { start, end: Math.min(last + 1, size) }
}

function suffix(length: number, size: number, header: string): ByteRange {
  if (length === 0 || size === 0) throw unsatisfiable(header, size)
  return { start: Math.max(0, size - length), end: size }
}

function unsatisfiable(header: string, size: number): S3Error {
  return new S3Error('InvalidRange', undefined, { RangeRequested: header, ActualObjectSize: String(size) })
}

/**
 * Returns the `x-amz-copy-source-range` of UploadPartCopy, which must lie within the source. Source:
 * API/API_UploadPartCopy.html.
 * @throws S3Error InvalidArgument
 */
export function readCopyRange(header: string, size: number): ByteRange {
  const match = /^bytes=(\d+)-(\d+)$/.exec(header.trim())
  if (!match)
    throw new S3Error(
      'InvalidArgument',
      'The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy',
    )
  const start = Number(match[1])
  const end = Number(match[2]) + 1
  if (start >= end || end > size)
    throw new S3Error('InvalidArgument', `Range specified is not valid for source object of size: ${size}`)
  return { start, end }
}
