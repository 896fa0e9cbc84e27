import type { HeadObjectCommandOutput } from '@aws-sdk/client-s3'
import { DwhError, type ObjectInfo } from '@dwh/core'
import { type S3Connection, stoppedBy } from './s3-connection.ts'
import { etagOf, isAnswer } from './s3-errors.ts'

/** The names of each object's metadata: its hash, and the id of the write that made it. */
export const SHA256 = 'sha256'
export const WRITE = 'dwh-write'

/** Asks the server about an object; null when there is none. */
export async function headObject(
  connection: S3Connection,
  key: string,
  signal?: AbortSignal,
): Promise<HeadObjectCommandOutput | null> {
  try {
    return await connection.send(
      (sdk, client) => client.send(new sdk.HeadObjectCommand(connection.place(key)), stoppedBy(signal)),
      { signal },
    )
  } catch (error) {
    // the answer to HEAD has no body, so a missing bucket looks like a missing object
    if (isAnswer(error, 404)) return null
    if (!isAnswer(error, 403)) throw error
    const { code, message, hint, context, cause } = error as DwhError
    throw new DwhError(code, `${message}: ${key}`, { hint, context, cause })
  }
}

/** As `headObject`, converted to the info of a store. */
export async function headInfo(
  connection: S3Connection,
  key: string,
  signal?: AbortSignal,
): Promise<ObjectInfo | null> {
  const found = await headObject(connection, key, signal)
  return found && infoOf(connection.url, key, found)
}

export function infoOf(
  url: string,
  key: string,
  { ContentLength = 0, ETag, Metadata }: HeadObjectCommandOutput,
): ObjectInfo {
  return { key, size: ContentLength, etag: etagOf(ETag, url), sha256: Metadata?.[SHA256] ?? null }
}
