import { bucketOf } from '../bucket-of.ts'
import { objectMap } from '../object-map.ts'
import type { Answer, Bucket, Call } from '../operation.ts'
import { textOf } from '../receive-body.ts'
import { S3Error } from '../s3-error.ts'
import { childText, parseXml, resultXml } from '../xml.ts'

export function emptyBucket(created: Date): Bucket {
  return { created, objects: objectMap(), uploads: new Map(), completed: new Map() }
}

/** Source: "Bucket naming rules", Amazon S3 User Guide. */
const NAME = /^(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/

/** Source: API/API_CreateBucket.html. */
export async function createBucket(call: Call): Promise<Answer> {
  const { bucket } = call.request
  call.need('s3:CreateBucket', '')
  const text = await textOf(await call.receive({ maxBytes: 64 * 1024 }))
  const region = text.trim() === '' ? undefined : childText(parseXml(text), 'LocationConstraint')
  if (region && region !== call.rules.region) throw new S3Error('IllegalLocationConstraintException')
  if (!NAME.test(bucket)) throw new S3Error('InvalidBucketName', undefined, { BucketName: bucket })
  await call.beforeEffect()
  if (call.buckets.has(bucket)) throw new S3Error('BucketAlreadyOwnedByYou', undefined, { BucketName: bucket })
  call.buckets.set(bucket, emptyBucket(call.now))
  return { status: 200, headers: { location: `/${bucket}` } }
}

/** Source: API/API_HeadBucket.html. */
export async function headBucket(call: Call): Promise<Answer> {
  await call.beforeEffect()
  bucketOf(call)
  call.need('s3:ListBucket', '')
  return { status: 200, headers: { 'x-amz-bucket-region': call.rules.region, 'x-amz-access-point-alias': 'false' } }
}

/** Returns the region; `us-east-1` has an empty one. Source: API/API_GetBucketLocation.html. */
export async function getBucketLocation(call: Call): Promise<Answer> {
  await call.beforeEffect()
  bucketOf(call)
  call.need('s3:GetBucketLocation', '')
  const { region } = call.rules
  return { status: 200, body: resultXml('LocationConstraint', region === 'us-east-1' ? '' : region) }
}
