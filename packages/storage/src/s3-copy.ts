import type { HeadObjectCommandOutput } from '@aws-sdk/client-s3'
import type { S3Connection } from './s3-connection.ts'
import { isAnswer } from './s3-errors.ts'
import { DEFAULT_PARALLEL_PARTS, MAX_COPY_BYTES } from './s3-options.ts'

/** A condition on the target at the end of a copy. */
export type TargetCondition = { readonly IfMatch: string } | { readonly IfNoneMatch: '*' }

/**
 * Copies on the server: in one request up to 5 GiB, in parts above. False when the source that `source` describes is
 * gone.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/copy-object.html
 */
export async function copyObject(
  connection: S3Connection,
  from: string,
  to: string,
  source: HeadObjectCommandOutput,
  condition?: TargetCondition,
): Promise<boolean> {
  const { bucket, copyPartBytes = MAX_COPY_BYTES } = connection.options
  const name = connection.name(from).split('/').map(encodeURIComponent).join('/')
  const origin = { CopySource: `${bucket}/${name}`, CopySourceIfMatch: source.ETag }
  const size = source.ContentLength ?? 0
  try {
    if (size > copyPartBytes) await copyInParts(connection, to, origin, source, copyPartBytes, condition)
    else {
      const input = { ...connection.place(to), ...origin, ...connection.encrypted, ...condition }
      await connection.send((sdk, client) => client.send(new sdk.CopyObjectCommand(input)))
    }
    return true
  } catch (error) {
    if (isAnswer(error, 'NoSuchKey')) return false
    throw error
  }
}

async function copyInParts(
  connection: S3Connection,
  to: string,
  origin: { CopySource: string; CopySourceIfMatch: string | undefined },
  source: HeadObjectCommandOutput,
  partBytes: number,
  condition: TargetCondition | undefined,
): Promise<void> {
  const target = connection.place(to)
  // a copy in parts does not copy the metadata
  const create = { ...target, Metadata: source.Metadata ?? {}, ...connection.encrypted }
  const { UploadId } = await connection.send((sdk, client) => client.send(new sdk.CreateMultipartUploadCommand(create)))
  const size = source.ContentLength ?? 0
  const parts = Array.from({ length: Math.ceil(size / partBytes) }, (_, index) => ({
    PartNumber: index + 1,
    CopySourceRange: `bytes=${index * partBytes}-${Math.min(size, (index + 1) * partBytes) - 1}`,
  }))
  try {
    const copied: { PartNumber: number; ETag: string | undefined }[] = []
    const waiting = parts.values()
    const work = async () => {
      for (const part of waiting) {
        const input = { ...target, ...origin, ...part, UploadId }
        const { CopyPartResult } = await connection.send((sdk, client) =>
          client.send(new sdk.UploadPartCopyCommand(input)),
        )
        copied.push({ PartNumber: part.PartNumber, ETag: CopyPartResult?.ETag })
      }
    }
    const workers = await Promise.allSettled(Array.from({ length: DEFAULT_PARALLEL_PARTS }, work))
    for (const worker of workers) if (worker.status === 'rejected') throw worker.reason
    const Parts = copied.sort((a, b) => a.PartNumber - b.PartNumber)
    await connection.send((sdk, client) =>
      client.send(
        new sdk.CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts }, ...condition }),
      ),
    )
  } catch (error) {
    // best effort: remaining parts cost money but do no harm; a lifecycle rule removes them
    await connection
      .send((sdk, client) => client.send(new sdk.AbortMultipartUploadCommand({ ...target, UploadId })))
      .catch(() => {})
    throw error
  }
}
