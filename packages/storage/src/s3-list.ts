import { DwhError, type ObjectInfo } from '@dwh/core'
import { type S3Connection, stoppedBy } from './s3-connection.ts'
import { notS3 } from './s3-errors.ts'

/**
 * Lists all objects below a prefix, in pages of at most 1,000:
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
 */
export async function* listObjects(
  connection: S3Connection,
  prefix: string,
  signal?: AbortSignal,
): AsyncGenerator<ObjectInfo> {
  const root = connection.name('')
  const Bucket = connection.options.bucket
  let token: string | undefined
  let last = ''
  do {
    const input = { Bucket, Prefix: `${root}${prefix}`, ...(token === undefined ? {} : { ContinuationToken: token }) }
    const page = await connection.send(
      (sdk, client) => client.send(new sdk.ListObjectsV2Command(input), stoppedBy(signal)),
      { signal },
    )
    if (page.Name === undefined && page.IsTruncated === undefined) throw notS3(connection.url)
    for (const { Key = '', Size = 0, ETag = '' } of page.Contents ?? []) {
      if (Key <= last) throw incomplete(connection, 'its keys are not in byte order')
      last = Key
      // programs that imitate folders leave such objects; no key of a store ends with a slash
      if (!Key.endsWith('/')) yield { key: Key.slice(root.length), size: Size, etag: ETag, sha256: null }
    }
    if (page.IsTruncated && !page.NextContinuationToken) throw incomplete(connection, 'it is incomplete')
    token = page.IsTruncated ? page.NextContinuationToken : undefined
  } while (token !== undefined)
}

function incomplete(connection: S3Connection, why: string): DwhError {
  return new DwhError('STORE_FAILED', `${connection.url}: the list of objects is unreliable: ${why}`, {
    hint: 'Use a general-purpose bucket: other types of buckets do not list keys in order.',
  })
}
