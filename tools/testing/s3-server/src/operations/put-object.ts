import { release } from '../body-store.ts'
import { bucketOf, needChecksum } from '../bucket-of.ts'
import { writeConditions } from '../conditions.ts'
import { checkKey } from '../key-length.ts'
import { checksumHeaders, describedBy, etagOf, quoted } from '../object-headers.ts'
import type { Answer, Call } from '../operation.ts'

/** Source: API/API_PutObject.html. */
export async function putObject(call: Call): Promise<Answer> {
  const { request } = call
  const bucket = bucketOf(call)
  checkKey(request.key)
  call.need('s3:PutObject', request.key)
  needChecksum(call)
  const conditions = writeConditions(call, bucket)
  const described = describedBy(request)
  const { content, md5, checksum } = await call.receive()
  try {
    await call.beforeEffect()
    conditions.check()
  } catch (error) {
    release(content)
    throw error
  }
  const etag = etagOf(md5, described.encryption)
  bucket.objects.put(request.key, { ...described, content, etag, checksum, modified: call.now, partSizes: [] })
  return { status: 200, headers: { etag: quoted(etag), ...checksumHeaders(checksum), ...described.encryption } }
}
