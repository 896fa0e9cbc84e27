import { bucketOf } from '../bucket-of.ts'
import { CHECKSUM_ALGORITHMS } from '../checksums.ts'
import { checkDelete } from '../conditions.ts'
import type { Answer, Bucket, Call } from '../operation.ts'
import { textOf } from '../receive-body.ts'
import { S3Error } from '../s3-error.ts'
import { childText, element, parseXml, resultXml, type XmlNode } from '../xml.ts'

const MOST_KEYS = 1000

/** Source: API/API_DeleteObject.html. */
export async function deleteObject(call: Call): Promise<Answer> {
  const bucket = bucketOf(call)
  await call.beforeEffect()
  deleteOne(call, bucket, call.request.key, call.request.headers.get('if-match'))
  return { status: 204 }
}

/** Answers for each key; if the request is `Quiet`, only for those that failed. Source: API/API_DeleteObjects.html. */
export async function deleteObjects(call: Call): Promise<Answer> {
  const bucket = bucketOf(call)
  const { headers } = call.request
  const checked = headers.has('content-md5') || headers.has('x-amz-trailer')
  if (!checked && !CHECKSUM_ALGORITHMS.some((each) => headers.has(`x-amz-checksum-${each}`)))
    throw new S3Error('InvalidRequest', 'Missing required header for this request: Content-MD5 OR x-amz-checksum-*')
  const root = parseXml(await textOf(await call.receive({ maxBytes: 4 * 1024 * 1024 })))
  const wanted = root.children.filter(({ name }) => name === 'Object')
  if (root.name !== 'Delete' || wanted.length === 0 || wanted.length > MOST_KEYS) throw new S3Error('MalformedXML')
  const quiet = childText(root, 'Quiet') === 'true'
  await call.beforeEffect()
  const results = wanted.flatMap((object): XmlNode[] => {
    const key = childText(object, 'Key') ?? ''
    try {
      deleteOne(call, bucket, key, childText(object, 'ETag'))
      return quiet ? [] : [element('Deleted', [element('Key', key)])]
    } catch (error) {
      if (!(error instanceof S3Error)) throw error
      return [element('Error', [element('Key', key), element('Code', error.code), element('Message', error.message)])]
    }
  })
  return { status: 200, body: resultXml('DeleteResult', results) }
}

/** A conditional delete by ETag needs `s3:GetObject` as well. Source: "Conditional deletes", Amazon S3 User Guide. */
function deleteOne(call: Call, bucket: Bucket, key: string, ifMatch: string | undefined): void {
  call.need('s3:DeleteObject', key)
  if (ifMatch !== undefined && ifMatch !== '*') call.need('s3:GetObject', key)
  checkDelete(call, bucket.objects.get(key), ifMatch)
  bucket.objects.delete(key)
}
