import { createHash } from 'node:crypto'
import { type Content, hold, joined, release } from '../body-store.ts'
import { bucketOf, uploadOf } from '../bucket-of.ts'
import { startChecksum } from '../checksums.ts'
import { unquoted, writeConditions } from '../conditions.ts'
import { digestContent } from '../content-digest.ts'
import { checksumHeaders, quoted } from '../object-headers.ts'
import type { StoredChecksum } from '../object-map.ts'
import type { Answer, Call } from '../operation.ts'
import { textOf } from '../receive-body.ts'
import { S3Error } from '../s3-error.ts'
import { parameter } from '../s3-request.ts'
import { dropUpload, type StoredPart, type StoredUpload } from '../upload-map.ts'
import { childText, element, parseXml, resultXml, type XmlElement } from '../xml.ts'
import { checksumElementName, checksumElements } from './listing-xml.ts'

/**
 * Completes an upload. Repeated after its success, it gives the same answer, as AWS does (MinIO answers NoSuchUpload:
 * `forgetsCompletedUploads`). Source: API/API_CompleteMultipartUpload.html; the repeated call:
 * github.com/adobe/S3Mock/issues/2586, github.com/minio/minio/issues/13318.
 */
export async function completeMultipartUpload(call: Call): Promise<Answer> {
  const { request, rules } = call
  const bucket = bucketOf(call)
  call.need('s3:PutObject', request.key)
  const conditions = writeConditions(call, bucket)
  const root = parseXml(await textOf(await call.receive({ maxBytes: 8 * 1024 * 1024 })))
  const again = bucket.completed.get(parameter(request, 'uploadId') ?? '')
  if (again && again.key === request.key && !rules.forgetsCompletedUploads) return again.answer
  const upload = uploadOf(call, bucket)
  const parts = namedParts(root, upload)
  checkSizes(call, parts)
  const content = hold(joined(parts.map((part) => part.content)))
  try {
    const checksum = await wholeChecksum(call, upload, parts, content)
    await call.beforeEffect()
    uploadOf(call, bucket)
    conditions.check()
    const etag = `${md5OfParts(parts)}-${parts.length}`
    bucket.objects.put(request.key, {
      headers: upload.headers,
      encryption: upload.encryption,
      content: hold(content),
      etag,
      checksum,
      modified: call.now,
      partSizes: parts.map((part) => part.content.size),
    })
    dropUpload(bucket.uploads, upload)
    const answer: Answer = {
      status: 200,
      headers: { ...upload.encryption, ...checksumHeaders(checksum) },
      body: resultXml('CompleteMultipartUploadResult', [
        element('Location', `http://${request.headers.get('host')}${request.path}`),
        element('Bucket', request.bucket),
        element('Key', request.key),
        element('ETag', quoted(etag)),
        ...checksumElements(checksum),
      ]),
    }
    bucket.completed.set(upload.id, { key: upload.key, answer })
    return answer
  } finally {
    release(content)
  }
}

/** @throws S3Error MalformedXML, InvalidPartOrder, InvalidPart */
function namedParts(root: XmlElement, upload: StoredUpload): StoredPart[] {
  const named = root.children.filter(({ name }) => name === 'Part')
  if (root.name !== 'CompleteMultipartUpload' || named.length === 0) throw new S3Error('MalformedXML')
  let before = 0
  return named.map((each) => {
    const number = Number(childText(each, 'PartNumber'))
    const etag = unquoted(childText(each, 'ETag') ?? '')
    if (!Number.isInteger(number)) throw new S3Error('MalformedXML')
    if (number <= before) throw new S3Error('InvalidPartOrder', undefined, { UploadId: upload.id })
    before = number
    const part = upload.parts.get(number)
    if (!part || part.etag !== etag || !checksumFits(each, part))
      throw new S3Error('InvalidPart', undefined, { UploadId: upload.id, PartNumber: String(number), ETag: etag })
    return part
  })
}

function checksumFits(named: XmlElement, { checksum }: StoredPart): boolean {
  const given = checksum && childText(named, checksumElementName(checksum))
  return !given || given === checksum.value
}

function checkSizes({ request, rules }: Call, parts: readonly StoredPart[]): void {
  const small = parts.slice(0, -1).find((part) => part.content.size < rules.minPartBytes)
  if (small)
    throw new S3Error('EntityTooSmall', undefined, {
      ProposedSize: String(small.content.size),
      MinSizeAllowed: String(rules.minPartBytes),
      PartNumber: String(small.number),
      ETag: small.etag,
    })
  const size = parts.reduce((sum, part) => sum + part.content.size, 0)
  const given = request.headers.get('x-amz-mp-object-size')
  if (given !== undefined && Number(given) !== size)
    throw new S3Error(
      'InvalidRequest',
      `The provided 'x-amz-mp-object-size' header value ${given} does not match what was computed: ${size}`,
    )
}

/**
 * Returns the checksum of the parts' checksums, or of all bytes.
 * @throws S3Error BadDigest if the request names another
 */
async function wholeChecksum(
  call: Call,
  upload: StoredUpload,
  parts: readonly StoredPart[],
  content: Content,
): Promise<StoredChecksum | null> {
  const algorithm = upload.checksumAlgorithm
  if (algorithm === null) return null
  const checksum =
    upload.checksumType === 'FULL_OBJECT'
      ? (await digestContent(content, algorithm)).checksum
      : compositeChecksum({ algorithm }, parts)
  const given = call.request.headers.get(`x-amz-checksum-${algorithm}`)
  if (given !== undefined && checksum && given !== checksum.value && given !== checksum.value.split('-')[0])
    throw new S3Error('BadDigest', `The ${algorithm} you specified did not match the calculated checksum.`)
  return checksum
}

function compositeChecksum(
  { algorithm }: Pick<StoredChecksum, 'algorithm'>,
  parts: readonly StoredPart[],
): StoredChecksum {
  const running = startChecksum(algorithm)
  for (const part of parts) running.update(Buffer.from(part.checksum?.value ?? '', 'base64'))
  return { algorithm, value: `${running.digest().toString('base64')}-${parts.length}`, type: 'COMPOSITE' }
}

function md5OfParts(parts: readonly StoredPart[]): string {
  const hash = createHash('md5')
  for (const part of parts) hash.update(part.etag, 'hex')
  return hash.digest('hex')
}
