import { randomBytes } from 'node:crypto'
import { open, rm } from 'node:fs/promises'
import { DwhError, type ObjectInfo, type PutFileOptions, throwIfAborted } from '@dwh/core'
import { hashFile } from './durable.ts'
import { localFailure } from './local-errors.ts'
import type { S3Connection } from './s3-connection.ts'
import { isAnswer, isUncertain } from './s3-errors.ts'
import { headInfo, headObject, SHA256, WRITE } from './s3-head.ts'
import { uploadFile } from './s3-upload.ts'

/** Uploads a file, and verifies the stored object. */
export async function putFile(
  connection: S3Connection,
  key: string,
  from: string,
  { move = false, sha256, signal }: PutFileOptions,
): Promise<ObjectInfo> {
  const { url } = connection
  throwIfAborted(signal, url)
  const file = await open(from).catch((error) => {
    throw localFailure(error, from)
  })
  try {
    const { size } = await file.stat()
    const hash = sha256 ?? (await hashFile(file, signal))
    const write = randomBytes(12).toString('hex')
    await uploadFile(connection, {
      key,
      file,
      path: from,
      size,
      metadata: { [SHA256]: hash, [WRITE]: write },
      signal,
    })
      // the upload may have succeeded although its answer was lost
      .catch(async (error) => {
        const there = isUncertain(error) || isAnswer(error, 'NoSuchUpload') ? await headObject(connection, key) : null
        if (there?.Metadata?.[WRITE] !== write) throw error
      })
    const stored = await headInfo(connection, key)
    if (stored?.size !== size || stored.sha256 !== hash) throw notAsSent(url, key, stored, size)
    if (move) await rm(from)
    return stored
  } finally {
    await file.close().catch(() => {})
  }
}

function notAsSent(url: string, key: string, stored: ObjectInfo | null, size: number): DwhError {
  const what = stored ? `${stored.size} bytes instead of ${size}, or another hash` : 'no object'
  return new DwhError('STORE_FAILED', `${url}/${key}: the upload did not arrive intact: found ${what}`, {
    hint: 'A proxy changes the data in transit, or another program writes to this key.',
  })
}
