import { PARTS_PREFIX, RETAINED_PREFIX, STAGE_PREFIX } from '@dwh/core'
import type { S3Connection } from './s3-connection.ts'
import { isAnswer } from './s3-errors.ts'

/**
 * Aborts unfinished multipart uploads of tables' files; those of version 3 and before went to other places. Their parts
 * cost money, and no list of objects shows them.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html
 */
export async function removeUploads(connection: S3Connection): Promise<number> {
  let removed = 0
  for (const prefix of [PARTS_PREFIX, STAGE_PREFIX, RETAINED_PREFIX])
    removed += await removeBelow(connection, connection.name(prefix))
  return removed
}

async function removeBelow(connection: S3Connection, prefix: string): Promise<number> {
  const { bucket } = connection.options
  let removed = 0
  let after: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } = {}
  for (;;) {
    const page = await connection.send((sdk, client) =>
      client.send(new sdk.ListMultipartUploadsCommand({ Bucket: bucket, Prefix: prefix, ...after })),
    )
    for (const { Key, UploadId } of page.Uploads ?? []) {
      // some servers ignore the prefix
      if (Key === undefined || UploadId === undefined || !Key.startsWith(prefix)) continue
      await connection
        .send((sdk, client) => client.send(new sdk.AbortMultipartUploadCommand({ Bucket: bucket, Key, UploadId })))
        .catch((error) => {
          if (!isAnswer(error, 'NoSuchUpload')) throw error
        })
      removed += 1
    }
    if (!page.IsTruncated) return removed
    after = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker }
  }
}
