import { bucketOf, count, uploadOf } from '../bucket-of.ts'
import { compareKeys } from '../key-order.ts'
import { quoted } from '../object-headers.ts'
import type { Answer, Call } from '../operation.ts'
import { parameter } from '../s3-request.ts'
import { type StoredUpload, sortedParts } from '../upload-map.ts'
import { element, resultXml } from '../xml.ts'
import { checksumElements, keyEncoding } from './listing-xml.ts'

/** Source: API/API_ListParts.html. */
export async function listParts(call: Call): Promise<Answer> {
  await call.beforeEffect()
  const bucket = bucketOf(call)
  const { request, rules } = call
  call.need('s3:ListMultipartUploadParts', request.key)
  const upload = uploadOf(call, bucket)
  const maxParts = count(call, 'max-parts', rules.maxListKeys, rules.maxListKeys)
  const after = count(call, 'part-number-marker', 0, Number.MAX_SAFE_INTEGER)
  const encoded = keyEncoding(call)
  const rest = sortedParts(upload).filter((part) => part.number > after)
  const page = rest.slice(0, maxParts)
  return {
    status: 200,
    body: resultXml('ListPartsResult', [
      element('Bucket', request.bucket),
      element('Key', encoded(request.key)),
      element('UploadId', upload.id),
      element('PartNumberMarker', after),
      element('NextPartNumberMarker', page.at(-1)?.number ?? 0),
      element('MaxParts', maxParts),
      element('IsTruncated', rest.length > page.length && page.length > 0),
      ...page.map((part) =>
        element('Part', [
          element('PartNumber', part.number),
          element('LastModified', part.modified.toISOString()),
          element('ETag', quoted(part.etag)),
          element('Size', part.content.size),
          ...checksumElements(part.checksum).slice(0, 1),
        ]),
      ),
      element('StorageClass', 'STANDARD'),
      element('ChecksumAlgorithm', upload.checksumAlgorithm?.toUpperCase()),
      element('ChecksumType', upload.checksumAlgorithm ? upload.checksumType : undefined),
    ]),
  }
}

/** Lists by key, then by start time. Source: API/API_ListMultipartUploads.html. */
export async function listMultipartUploads(call: Call): Promise<Answer> {
  await call.beforeEffect()
  const bucket = bucketOf(call)
  const { request, rules } = call
  const prefix = parameter(request, 'prefix') ?? ''
  call.need('s3:ListBucketMultipartUploads', prefix)
  const delimiter = parameter(request, 'delimiter') ?? ''
  const maxUploads = count(call, 'max-uploads', rules.maxListKeys, rules.maxListKeys)
  const encoded = keyEncoding(call)
  const keyMarker = parameter(request, 'key-marker') ?? ''
  const idMarker = parameter(request, 'upload-id-marker') ?? ''
  const sorted = [...bucket.uploads.values()]
    .filter((upload) => upload.key.startsWith(prefix))
    .sort((a, b) => compareKeys(a.key, b.key))
  const prefixes = new Set<string>()
  const page: StoredUpload[] = []
  let last: { key: string; id: string } | null = null
  let truncated = false
  for (const upload of afterMarkers(sorted, keyMarker, idMarker)) {
    const at = delimiter === '' ? -1 : upload.key.indexOf(delimiter, prefix.length)
    const common = at < 0 ? null : upload.key.slice(0, at + delimiter.length)
    if (common !== null && (prefixes.has(common) || common === keyMarker)) continue
    truncated = page.length + prefixes.size === maxUploads
    if (truncated) break
    if (common === null) page.push(upload)
    else prefixes.add(common)
    last = common === null ? upload : { key: common, id: '' }
  }
  return {
    status: 200,
    body: resultXml('ListMultipartUploadsResult', [
      element('Bucket', request.bucket),
      element('KeyMarker', encoded(keyMarker)),
      element('UploadIdMarker', idMarker),
      element('NextKeyMarker', truncated && last ? encoded(last.key) : undefined),
      element('NextUploadIdMarker', truncated && last ? last.id : undefined),
      element('Prefix', encoded(prefix)),
      element('Delimiter', delimiter === '' ? undefined : encoded(delimiter)),
      element('EncodingType', parameter(request, 'encoding-type') || undefined),
      element('MaxUploads', maxUploads),
      element('IsTruncated', truncated && last !== null),
      ...page.map((upload) =>
        element('Upload', [
          element('Key', encoded(upload.key)),
          element('UploadId', upload.id),
          element('StorageClass', 'STANDARD'),
          element('Initiated', upload.initiated.toISOString()),
          element('ChecksumAlgorithm', upload.checksumAlgorithm?.toUpperCase()),
          element('ChecksumType', upload.checksumAlgorithm ? upload.checksumType : undefined),
        ]),
      ),
      ...[...prefixes].map((common) => element('CommonPrefixes', [element('Prefix', encoded(common))])),
    ]),
  }
}

/** Without an id, the whole key has been listed; with one, later uploads of that key follow. */
function afterMarkers(sorted: readonly StoredUpload[], keyMarker: string, idMarker: string): StoredUpload[] {
  const at = sorted.findIndex((upload) => upload.key === keyMarker && upload.id === idMarker)
  if (at >= 0) return sorted.slice(at + 1)
  return sorted.filter((upload) => keyMarker === '' || compareKeys(upload.key, keyMarker) > 0)
}
