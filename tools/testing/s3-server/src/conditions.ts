import type { StoredObject } from './object-map.ts'
import type { Bucket, Call } from './operation.ts'
import { S3Error } from './s3-error.ts'

/**
 * Checks the conditions of a read. `'not-modified'` must be answered with 304. Source: "Conditional reads", Amazon S3
 * User Guide; RFC 9110, 13.2.2.
 * @throws S3Error PreconditionFailed
 */
export function checkRead(call: Call, object: StoredObject): 'read' | 'not-modified' {
  if (call.ignoresConditions) return 'read'
  const { headers } = call.request
  const match = headers.get('if-match')
  if (match !== undefined && !matches(match, object)) throw failed('If-Match')
  const since = headers.get('if-unmodified-since')
  if (match === undefined && since !== undefined && isAfter(object, since)) throw failed('If-Unmodified-Since')
  const noneMatch = headers.get('if-none-match')
  if (noneMatch !== undefined) return matches(noneMatch, object) ? 'not-modified' : 'read'
  const modified = headers.get('if-modified-since')
  return modified !== undefined && !isAfter(object, modified) ? 'not-modified' : 'read'
}

/**
 * Checks the conditions of a copy on its source. Source: CopyObject, Amazon S3 API Reference (API/API_CopyObject.html).
 * @throws S3Error PreconditionFailed
 */
export function checkCopySource(call: Call, source: StoredObject): void {
  if (call.ignoresConditions) return
  const { headers } = call.request
  const match = headers.get('x-amz-copy-source-if-match')
  if (match !== undefined && !matches(match, source)) throw failed('x-amz-copy-source-If-Match')
  const since = headers.get('x-amz-copy-source-if-unmodified-since')
  if (match === undefined && since !== undefined && isAfter(source, since))
    throw failed('x-amz-copy-source-If-Unmodified-Since')
  const noneMatch = headers.get('x-amz-copy-source-if-none-match')
  if (noneMatch !== undefined && matches(noneMatch, source)) throw failed('x-amz-copy-source-If-None-Match')
  const modified = headers.get('x-amz-copy-source-if-modified-since')
  if (noneMatch === undefined && modified !== undefined && !isAfter(source, modified))
    throw failed('x-amz-copy-source-If-Modified-Since')
}

/** Conditions of a write, bound to the moment at which the request arrived. */
export interface WriteConditions {
  /**
   * Checks the conditions. Call it in the same step as the write.
   * @throws S3Error PreconditionFailed, NoSuchKey, ConditionalRequestConflict
   */
  check(): void
}

/**
 * Reads `If-None-Match: *` and `If-Match: <etag>` of a write. If the key was deleted while the request was in progress,
 * the answer is a conflict. Source: "Conditional writes", Amazon S3 User Guide (conditional-writes.html).
 * @throws S3Error NotImplemented for other values, AccessDenied: If-Match needs `s3:GetObject` as well
 */
export function writeConditions(call: Call, bucket: Bucket): WriteConditions {
  const { headers, key } = call.request
  const match = headers.get('if-match')
  const noneMatch = headers.get('if-none-match')
  if (call.ignoresConditions || (match === undefined && noneMatch === undefined)) return { check() {} }
  if (noneMatch !== undefined && noneMatch !== '*') throw notImplemented('If-None-Match')
  if (match === '*') throw notImplemented('If-Match')
  if (match !== undefined) call.need('s3:GetObject', key)
  const writes = bucket.objects.writes
  return {
    check() {
      const object = bucket.objects.get(key)
      if (bucket.objects.deletedSince(key, writes) && !object)
        throw new S3Error('ConditionalRequestConflict', undefined, { Key: key })
      if (noneMatch !== undefined && object) throw failed('If-None-Match')
      if (match === undefined) return
      if (!object) throw new S3Error('NoSuchKey', undefined, { Key: key })
      if (!matches(match, object)) throw failed('If-Match')
    },
  }
}

/**
 * Checks `ifMatch` of a conditional delete: an ETag, or `*` for any object. Source: "Conditional deletes", Amazon S3
 * User Guide.
 */
export function checkDelete(call: Call, object: StoredObject | undefined, ifMatch: string | undefined): void {
  if (call.ignoresConditions || ifMatch === undefined) return
  if (!object || !matches(ifMatch, object)) throw failed('If-Match')
}

export function matches(list: string, { etag }: Pick<StoredObject, 'etag'>): boolean {
  return list.split(',').some((each) => each.trim() === '*' || unquoted(each) === etag)
}

export function unquoted(etag: string): string {
  return etag.trim().replace(/^"(.*)"$/, '$1')
}

/** HTTP dates have whole seconds. */
function isAfter({ modified }: StoredObject, date: string): boolean {
  const at = Date.parse(date)
  return !Number.isNaN(at) && Math.floor(modified.getTime() / 1000) * 1000 > at
}

function failed(condition: string): S3Error {
  return new S3Error('PreconditionFailed', undefined, { Condition: condition })
}

function notImplemented(header: string): S3Error {
  return new S3Error('NotImplemented', undefined, { Header: header })
}
