import { PARTS_PREFIX, RETAINED_PREFIX, STAGE_PREFIX, tableFileDay } from '@dwh/core'
import type { S3Connection } from './s3-connection.ts'
import { isAnswer } from './s3-errors.ts'

/**
 * Aborts unfinished multipart uploads of tables' files, and unfinished copies of them. Their parts
 * cost money, and no list of objects shows them.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html
 */
export async function removeUploads(connection: S3Connection): Promise<number> {
  const { bucket } = connection.options
  const prefix = connection.name('')
  let removed = 0
  let after: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } = {}
  for (;;) {
    const page = await connection.send((sdk, client) =>
      client.send(new sdk.ListMultipartUploadsCommand({ Bucket: bucket, Prefix: prefix, ...after })),
    )
    for (const { Key, UploadId } of page.Uploads ?? []) {
      // some servers ignore the prefix
      if (Key === undefined || UploadId === undefined || !Key.startsWith(prefix)) continue
      if (!isOurs(Key.slice(prefix.length))) continue
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

const OF_RUNS = [PARTS_PREFIX, STAGE_PREFIX, RETAINED_PREFIX]

/** Whether a key is that of a table's file, of its plain copy, or what versions 1 to 3 made of it. */
const isOurs = (key: string): boolean => OF_RUNS.some((at) => key.startsWith(at)) || tableFileDay(key) !== null
