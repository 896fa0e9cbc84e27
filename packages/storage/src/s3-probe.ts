import { PROBE_PREFIX, temporaryName } from '@dwh/core'
import type { S3Connection } from './s3-connection.ts'
import { isAnswer } from './s3-errors.ts'

/**
 * Tests whether the server honours conditional writes. Tries to create an object that exists, and to replace it under a
 * wrong ETag. A server that accepts either ignores conditions. Leaves nothing behind.
 */
export async function probeConditions(connection: S3Connection): Promise<boolean> {
  const object = connection.place(`${PROBE_PREFIX}${temporaryName()}`)
  const put = (condition: { IfNoneMatch?: string; IfMatch?: string }) =>
    connection.send((sdk, client) =>
      client.send(new sdk.PutObjectCommand({ ...object, Body: 'probe', ...connection.encrypted, ...condition })),
    )
  await put({})
  try {
    return (await refused(put({ IfNoneMatch: '*' }))) && (await refused(put({ IfMatch: WRONG_ETAG })))
  } finally {
    await connection.send((sdk, client) => client.send(new sdk.DeleteObjectCommand(object)))
  }
}

const WRONG_ETAG = '"00000000000000000000000000000000"'

async function refused(put: Promise<unknown>): Promise<boolean> {
  try {
    await put
    return false
  } catch (error) {
    // 501: the server knows the header but lacks the feature
    if (isAnswer(error, 501)) return false
    if (isAnswer(error, 412)) return true
    throw error
  }
}
