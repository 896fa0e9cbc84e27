import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import type { S3Store } from '@dwh/s3-stores'

export async function makeBucket(
  { endpoint, credentials: { accessKeyId, secretAccessKey } }: S3Store,
  Bucket: string,
): Promise<void> {
  const client = new S3Client({
    endpoint,
    credentials: { accessKeyId, secretAccessKey },
    region: 'us-east-1',
    forcePathStyle: true,
  })
  try {
    await client.send(new CreateBucketCommand({ Bucket }))
  } finally {
    client.destroy()
  }
}
