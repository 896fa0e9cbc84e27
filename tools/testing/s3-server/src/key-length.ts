import { S3Error } from './s3-error.ts'

/** Source: "Object key naming guidelines", Amazon S3 User Guide. */
const MAX_KEY_BYTES = 1024

/** @throws S3Error KeyTooLongError */
export function checkKey(key: string): void {
  const size = Buffer.byteLength(key)
  if (size > MAX_KEY_BYTES)
    throw new S3Error('KeyTooLongError', undefined, { Size: String(size), MaxSizeAllowed: String(MAX_KEY_BYTES) })
}
