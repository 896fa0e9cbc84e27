import { hold, release } from '../body-store.ts'
import { bucketOf, objectOf } from '../bucket-of.ts'
import { checkCopySource, writeConditions } from '../conditions.ts'
import { digestContent } from '../content-digest.ts'
import { checkKey } from '../key-length.ts'
import { describedBy, encryptionOf, etagOf, quoted } from '../object-headers.ts'
import type { StoredObject } from '../object-map.ts'
import type { Answer, Call } from '../operation.ts'
import { S3Error } from '../s3-error.ts'
import { splitBucketKey } from '../s3-request.ts'
import { element, resultXml } from '../xml.ts'
import { checksumElements } from './listing-xml.ts'

export interface CopySource {
  readonly bucket: string
  readonly key: string
  readonly object: StoredObject
}

/**
 * Returns the object that `x-amz-copy-source` names (`/bucket/key` or `bucket/key`, URL-encoded), after checking its
 * conditions.
 * @throws S3Error
 */
export function copySource(call: Call): CopySource {
  const [path = ''] = (call.request.headers.get('x-amz-copy-source') ?? '').split('?')
  const { bucket, key } = splitBucketKey(path)
  if (bucket === '' || key === '')
    throw new S3Error('InvalidArgument', 'Copy Source must mention the source bucket and key: sourcebucket/sourcekey', {
      ArgumentName: 'x-amz-copy-source',
      ArgumentValue: path,
    })
  const object = objectOf(call, bucketOf(call, bucket), key)
  checkCopySource(call, object)
  return { bucket, key, object }
}

/**
 * Copies an object as one piece: its ETag is the MD5 of the bytes, even if the source has parts. Source:
 * API/API_CopyObject.html.
 */
export async function copyObject(call: Call): Promise<Answer> {
  const { request } = call
  const bucket = bucketOf(call)
  checkKey(request.key)
  call.need('s3:PutObject', request.key)
  const conditions = writeConditions(call, bucket)
  const directive = request.headers.get('x-amz-metadata-directive') ?? 'COPY'
  if (directive !== 'COPY' && directive !== 'REPLACE')
    throw new S3Error('InvalidArgument', 'Unknown metadata directive.', { ArgumentValue: directive })
  const source = copySource(call)
  checkCopyable(call, source, directive)
  const described =
    directive === 'REPLACE'
      ? describedBy(request)
      : { headers: source.object.headers, encryption: encryptionOf(request) }
  const content = hold(source.object.content)
  try {
    const { md5, checksum } = await digestContent(content, source.object.checksum?.algorithm ?? null)
    await call.beforeEffect()
    conditions.check()
    const etag = etagOf(md5, described.encryption)
    bucket.objects.put(request.key, {
      ...described,
      content: hold(content),
      etag,
      checksum,
      modified: call.now,
      partSizes: [],
    })
    return {
      status: 200,
      headers: described.encryption,
      body: resultXml('CopyObjectResult', [
        element('LastModified', call.now.toISOString()),
        element('ETag', quoted(etag)),
        ...checksumElements(checksum),
      ]),
    }
  } finally {
    release(content)
  }
}

function checkCopyable(call: Call, source: CopySource, directive: string): void {
  const { request, rules } = call
  if (source.object.content.size > rules.maxPutBytes)
    throw new S3Error(
      'InvalidRequest',
      `The specified copy source is larger than the maximum allowable size for a copy source: ${rules.maxPutBytes}`,
    )
  const onItself = source.bucket === request.bucket && source.key === request.key
  if (onItself && directive === 'COPY' && Object.keys(encryptionOf(request)).length === 0)
    throw new S3Error(
      'InvalidRequest',
      "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
    )
}
