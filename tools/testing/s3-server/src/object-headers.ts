import { createHash } from 'node:crypto'
import type { Described, Encryption, StoredChecksum, StoredObject } from './object-map.ts'
import type { S3Request } from './s3-request.ts'

const KEPT = ['cache-control', 'content-disposition', 'content-encoding', 'content-language', 'content-type', 'expires']

/**
 * The properties that a request gives to the object it makes. Source: "Working with object metadata", Amazon S3 User
 * Guide.
 */
export function describedBy(request: S3Request): Described {
  const headers: Record<string, string> = {}
  for (const [name, value] of request.headers) {
    if (!KEPT.includes(name) && !name.startsWith('x-amz-meta-')) continue
    const kept = name === 'content-encoding' ? withoutAwsChunked(value) : value
    if (kept !== '') headers[name] = kept
  }
  headers['content-type'] ??= 'binary/octet-stream'
  return { headers, encryption: encryptionOf(request) }
}

/** All headers `x-amz-server-side-encryption*` except the customer's key itself. */
export function encryptionOf(request: S3Request): Encryption {
  return Object.fromEntries(
    [...request.headers].filter(
      ([name]) =>
        name.startsWith('x-amz-server-side-encryption') && name !== 'x-amz-server-side-encryption-customer-key',
    ),
  )
}

/**
 * Returns the ETag: the MD5, except if a KMS key or a customer's key is used. Source: "Object", Amazon S3 API Reference
 * (API/API_Object.html).
 */
export function etagOf(md5: string, encryption: Encryption): string {
  const plain =
    !encryption['x-amz-server-side-encryption']?.startsWith('aws:kms') &&
    encryption['x-amz-server-side-encryption-customer-algorithm'] === undefined
  return plain ? md5 : createHash('md5').update(`encrypted ${md5}`).digest('hex')
}

export function quoted(etag: string): string {
  return `"${etag}"`
}

export function checksumHeaders(checksum: StoredChecksum | null): Record<string, string> {
  if (!checksum) return {}
  return { [`x-amz-checksum-${checksum.algorithm}`]: checksum.value, 'x-amz-checksum-type': checksum.type }
}

/** Returns the headers of GetObject and HeadObject, except the length. */
export function headersOf(object: StoredObject): Record<string, string> {
  return {
    ...object.headers,
    ...object.encryption,
    etag: quoted(object.etag),
    'last-modified': object.modified.toUTCString(),
    'accept-ranges': 'bytes',
  }
}

function withoutAwsChunked(encodings: string): string {
  return encodings
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '' && each !== 'aws-chunked')
    .join(',')
}
