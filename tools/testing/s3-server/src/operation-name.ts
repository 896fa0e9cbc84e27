import { parameter, type S3Request } from './s3-request.ts'

export type OperationName =
  | 'AbortMultipartUpload'
  | 'CompleteMultipartUpload'
  | 'CopyObject'
  | 'CreateBucket'
  | 'CreateMultipartUpload'
  | 'DeleteObject'
  | 'DeleteObjects'
  | 'GetBucketLocation'
  | 'GetObject'
  | 'HeadBucket'
  | 'HeadObject'
  | 'ListMultipartUploads'
  | 'ListObjectsV2'
  | 'ListParts'
  | 'PutObject'
  | 'UploadPart'
  | 'UploadPartCopy'

/**
 * Returns the operation of a request, by the "Request Syntax" of each in the Amazon S3 API Reference; null for
 * operations that this server lacks.
 */
export function operationName(request: S3Request): OperationName | null {
  if (request.bucket === '') return null
  if (UNKNOWN.some((name) => parameter(request, name) !== undefined)) return null
  return request.key === '' ? ofBucket(request) : ofObject(request)
}

/** Sub-resources, which would otherwise be read as an object or bucket. */
const UNKNOWN = [
  'acl',
  'attributes',
  'cors',
  'encryption',
  'legal-hold',
  'lifecycle',
  'object-lock',
  'policy',
  'restore',
  'retention',
  'select',
  'tagging',
  'torrent',
  'versionId',
  'versioning',
  'versions',
  'website',
]

function ofBucket(request: S3Request): OperationName | null {
  const has = (name: string): boolean => parameter(request, name) !== undefined
  switch (request.method) {
    case 'PUT':
      return 'CreateBucket'
    case 'HEAD':
      return 'HeadBucket'
    case 'POST':
      return has('delete') ? 'DeleteObjects' : null
    case 'GET':
      if (has('location')) return 'GetBucketLocation'
      if (has('uploads')) return 'ListMultipartUploads'
      return parameter(request, 'list-type') === '2' ? 'ListObjectsV2' : null
    default:
      return null
  }
}

function ofObject(request: S3Request): OperationName | null {
  const has = (name: string): boolean => parameter(request, name) !== undefined
  const copies = request.headers.has('x-amz-copy-source')
  switch (request.method) {
    case 'PUT':
      if (has('uploadId')) return copies ? 'UploadPartCopy' : 'UploadPart'
      return copies ? 'CopyObject' : 'PutObject'
    case 'GET':
      return has('uploadId') ? 'ListParts' : 'GetObject'
    case 'HEAD':
      return 'HeadObject'
    case 'DELETE':
      return has('uploadId') ? 'AbortMultipartUpload' : 'DeleteObject'
    case 'POST':
      if (has('uploads')) return 'CreateMultipartUpload'
      return has('uploadId') ? 'CompleteMultipartUpload' : null
    default:
      return null
  }
}
