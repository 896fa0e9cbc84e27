import { randomBytes } from 'node:crypto'
import { hold, release, sliceOf } from '../body-store.ts'
import { bucketOf, count, needChecksum, uploadOf } from '../bucket-of.ts'
import { isChecksumAlgorithm } from '../checksums.ts'
import { digestContent } from '../content-digest.ts'
import { checkKey } from '../key-length.ts'
import { checksumHeaders, describedBy, quoted } from '../object-headers.ts'
import type { Answer, Bucket, Call } from '../operation.ts'
import { readCopyRange } from '../range.ts'
import { S3Error } from '../s3-error.ts'
import { parameter } from '../s3-request.ts'
import { dropUpload, putPart, type StoredUpload } from '../upload-map.ts'
import { element, resultXml } from '../xml.ts'
import { copySource } from './copy-object.ts'
import { checksumElements } from './listing-xml.ts'

const MOST_PARTS = 10_000

/** Source: API/API_CreateMultipartUpload.html. */
export async function createMultipartUpload(call: Call): Promise<Answer> {
  const { request } = call
  const bucket = bucketOf(call)
  checkKey(request.key)
  call.need('s3:PutObject', request.key)
  const checksum = checksumChoice(call)
  const id = randomBytes(24).toString('base64url')
  const described = describedBy(request)
  await call.beforeEffect()
  bucket.uploads.set(id, { ...described, ...checksum, id, key: request.key, initiated: call.now, parts: new Map() })
  const { checksumAlgorithm, checksumType } = checksum
  return {
    status: 200,
    headers: {
      ...described.encryption,
      ...(checksumAlgorithm
        ? { 'x-amz-checksum-algorithm': checksumAlgorithm.toUpperCase(), 'x-amz-checksum-type': checksumType }
        : {}),
    },
    body: resultXml('InitiateMultipartUploadResult', [
      element('Bucket', request.bucket),
      element('Key', request.key),
      element('UploadId', id),
    ]),
  }
}

/** Source: "Checksums for multipart uploads", Amazon S3 User Guide (checking-object-integrity-upload.html). */
function checksumChoice({ request }: Call): Pick<StoredUpload, 'checksumAlgorithm' | 'checksumType'> {
  const named = request.headers.get('x-amz-checksum-algorithm')?.toLowerCase()
  const type = request.headers.get('x-amz-checksum-type')?.toUpperCase()
  if (named === undefined) return { checksumAlgorithm: null, checksumType: 'COMPOSITE' }
  if (!isChecksumAlgorithm(named))
    throw new S3Error(
      'InvalidRequest',
      'Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]',
    )
  const whole = type === undefined ? named === 'crc64nvme' : type === 'FULL_OBJECT'
  if (whole ? named.startsWith('sha') : named === 'crc64nvme')
    throw new S3Error(
      'InvalidRequest',
      `The ${type ?? 'COMPOSITE'} checksum type cannot be used with the ${named} checksum algorithm.`,
    )
  return { checksumAlgorithm: named, checksumType: whole ? 'FULL_OBJECT' : 'COMPOSITE' }
}

/** Source: API/API_UploadPart.html. */
export async function uploadPart(call: Call): Promise<Answer> {
  const bucket = bucketOf(call)
  call.need('s3:PutObject', call.request.key)
  needChecksum(call)
  const { checksumAlgorithm, encryption } = uploadOf(call, bucket)
  const number = partNumber(call)
  const { content, md5, checksum } = await call.receive({ checksum: checksumAlgorithm })
  try {
    await call.beforeEffect()
    putPart(uploadOf(call, bucket), { number, content, etag: md5, modified: call.now, checksum })
  } catch (error) {
    release(content)
    throw error
  }
  return { status: 200, headers: { etag: quoted(md5), ...encryption, ...checksumHeaders(checksum) } }
}

/** Source: API/API_UploadPartCopy.html. */
export async function uploadPartCopy(call: Call): Promise<Answer> {
  const bucket = bucketOf(call)
  call.need('s3:PutObject', call.request.key)
  const { checksumAlgorithm } = uploadOf(call, bucket)
  const number = partNumber(call)
  const source = copySource(call).object.content
  const rangeHeader = call.request.headers.get('x-amz-copy-source-range')
  const range = rangeHeader === undefined ? { start: 0, end: source.size } : readCopyRange(rangeHeader, source.size)
  const content = hold(sliceOf(source, range.start, range.end))
  try {
    if (content.size > call.rules.maxPutBytes) throw new S3Error('EntityTooLarge')
    const { md5, checksum } = await digestContent(content, checksumAlgorithm)
    await call.beforeEffect()
    putPart(uploadOf(call, bucket), { number, content, etag: md5, modified: call.now, checksum })
    return {
      status: 200,
      body: resultXml('CopyPartResult', [
        element('LastModified', call.now.toISOString()),
        element('ETag', quoted(md5)),
        ...checksumElements(checksum).slice(0, 1),
      ]),
    }
  } catch (error) {
    release(content)
    throw error
  }
}

/** Source: API/API_AbortMultipartUpload.html. */
export async function abortMultipartUpload(call: Call): Promise<Answer> {
  const bucket: Bucket = bucketOf(call)
  call.need('s3:AbortMultipartUpload', call.request.key)
  await call.beforeEffect()
  dropUpload(bucket.uploads, uploadOf(call, bucket))
  return { status: 204 }
}

function partNumber(call: Call): number {
  const number = count(call, 'partNumber', 0, Number.MAX_SAFE_INTEGER)
  if (number >= 1 && number <= MOST_PARTS) return number
  throw new S3Error('InvalidArgument', `Part number must be an integer between 1 and ${MOST_PARTS}, inclusive`, {
    ArgumentName: 'partNumber',
    ArgumentValue: parameter(call.request, 'partNumber') ?? '',
  })
}
