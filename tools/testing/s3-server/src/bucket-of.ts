import type { StoredObject } from './object-map.ts'
import type { Bucket, Call } from './operation.ts'
import { S3Error } from './s3-error.ts'
import { parameter } from './s3-request.ts'
import type { StoredUpload } from './upload-map.ts'

/** @throws S3Error NoSuchBucket */
export function bucketOf(call: Call, name: string = call.request.bucket): Bucket {
  const bucket = call.buckets.get(name)
  if (!bucket) throw new S3Error('NoSuchBucket', undefined, { BucketName: name })
  return bucket
}

/**
 * Checks that a write to a bucket with Object Lock has a checksum. A trailer header is enough: it announces one.
 * Source: "Object Lock considerations", Amazon S3 User Guide (object-lock-managing.html).
 * @throws S3Error InvalidRequest
 */
export function needChecksum({ request, rules }: Call): void {
  if (!rules.lockedBuckets.includes(request.bucket)) return
  const given = [...request.headers.keys()].some((name) => /^(content-md5$|x-amz-checksum-|x-amz-trailer$)/.test(name))
  if (given) return
  throw new S3Error(
    'InvalidRequest',
    'Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters',
  )
}

/**
 * Returns the object to read. Without `s3:ListBucket` a missing key is AccessDenied, so that the answer does not tell
 * which keys exist. Source: "Permissions" of GetObject, Amazon S3 API Reference (API/API_GetObject.html).
 * @throws S3Error NoSuchKey, AccessDenied
 */
export function objectOf(call: Call, bucket: Bucket, key: string): StoredObject {
  call.need('s3:GetObject', key)
  const object = bucket.objects.get(key)
  if (object) return object
  call.need('s3:ListBucket', key)
  throw new S3Error('NoSuchKey', undefined, { Key: key })
}

/** @throws S3Error NoSuchUpload */
export function uploadOf(call: Call, bucket: Bucket): StoredUpload {
  const id = parameter(call.request, 'uploadId') ?? ''
  const upload = bucket.uploads.get(id)
  if (!upload || upload.key !== call.request.key) throw new S3Error('NoSuchUpload', undefined, { UploadId: id })
  return upload
}

/** Reads a number from the query. @throws S3Error InvalidArgument */
export function count(call: Call, name: string, otherwise: number, most: number): number {
  const text = parameter(call.request, name)
  if (text === undefined) return otherwise
  const value = Number(text)
  if (!/^\d+$/.test(text) || value > 2 ** 31 - 1)
    throw new S3Error('InvalidArgument', `Provided ${name} not an integer or within integer range`, {
      ArgumentName: name,
      ArgumentValue: text,
    })
  return Math.min(value, most)
}
