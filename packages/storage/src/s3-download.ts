import { createHash, randomBytes } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'
import type { GetObjectCommandOutput } from '@aws-sdk/client-s3'
import { DwhError, type ObjectInfo, type StoredObject, throwIfAborted } from '@dwh/core'
import { localFailure } from './local-errors.ts'
import { type S3Connection, stoppedBy } from './s3-connection.ts'
import { etagOf, isAnswer, s3Failure } from './s3-errors.ts'
import { DEFAULT_ATTEMPTS } from './s3-options.ts'

/** An object as its bytes arrive. If `chunks` ends without an error, they are complete and correct. */
interface Arriving {
  readonly etag: string
  readonly size: number
  readonly sha256: string | null
  readonly chunks: AsyncIterable<Uint8Array>
}

/** Reads a small object into memory; null when there is none. */
export async function readBody(
  connection: S3Connection,
  key: string,
  signal: AbortSignal | undefined,
): Promise<StoredObject | null> {
  const arriving = await readObject(connection, key, signal)
  if (!arriving) return null
  const chunks: Uint8Array[] = []
  for await (const chunk of arriving.chunks) chunks.push(chunk)
  return { body: Buffer.concat(chunks), etag: arriving.etag }
}

/**
 * Reads an object of any size into a file, which gets its name when it is complete. Holds one chunk in memory. Null
 * when there is no object.
 */
export async function downloadFile(
  connection: S3Connection,
  key: string,
  to: string,
  signal: AbortSignal | undefined,
): Promise<ObjectInfo | null> {
  const arriving = await readObject(connection, key, signal)
  if (!arriving) return null
  const temporary = `${to}.${randomBytes(6).toString('hex')}`
  try {
    const hash = createHash('sha256')
    const file = await open(temporary, 'wx').catch(explain(to))
    try {
      for await (const chunk of arriving.chunks) {
        hash.update(chunk)
        await file.writeFile(chunk).catch(explain(to))
      }
    } finally {
      await file.close()
    }
    await rename(temporary, to).catch(explain(to))
    return { key, size: arriving.size, etag: arriving.etag, sha256: hash.digest('hex') }
  } finally {
    await rm(temporary, { force: true })
  }
}

function explain(path: string): (error: unknown) => never {
  return (error) => {
    throw localFailure(error, path)
  }
}

async function readObject(
  connection: S3Connection,
  key: string,
  signal: AbortSignal | undefined,
): Promise<Arriving | null> {
  const first = await getObject(connection, key, signal).catch((error) => {
    if (isAnswer(error, 'NoSuchKey')) return null
    throw error
  })
  if (!first) return null
  const { ContentLength: size = 0, Metadata } = first
  const etag = etagOf(first.ETag, connection.url)
  const sha256 = Metadata?.sha256 ?? null
  return { etag, size, sha256, chunks: chunks(connection, key, first, { etag, size, sha256 }, signal) }
}

/** Streams the bytes of one version of an object; continues after a broken connection. */
async function* chunks(
  connection: S3Connection,
  key: string,
  first: GetObjectCommandOutput,
  { etag, size, sha256 }: Omit<Arriving, 'chunks'>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const where = `${connection.url}/${key}`
  const hash = createHash('sha256')
  let answer = first
  let arrived = 0
  let failure: unknown
  for (let attempt = 1; ; attempt += 1) {
    try {
      for await (const chunk of answer.Body as unknown as AsyncIterable<Uint8Array>) {
        throwIfAborted(signal, where)
        arrived += chunk.length
        if (arrived > size) break
        hash.update(chunk)
        yield chunk
      }
      failure = undefined
    } catch (error) {
      throwIfAborted(signal, where)
      failure = error
    }
    if (arrived >= size) break
    if (attempt >= (connection.options.attempts ?? DEFAULT_ATTEMPTS)) {
      const cut = new Error(`cut after ${arrived} of ${size} bytes`, { cause: failure })
      throw s3Failure(Object.assign(cut, { code: 'ECONNRESET' }), where)
    }
    answer = await getObject(connection, key, signal, { Range: `bytes=${arrived}-`, IfMatch: etag }).catch((error) => {
      if (!isAnswer(error, 412, 'NoSuchKey')) throw error
      throw new DwhError('STORE_FAILED', `${where}: replaced while it was read`, {
        hint: 'Read it again.',
        cause: error,
      })
    })
  }
  if (arrived !== size || (sha256 !== null && hash.digest('hex') !== sha256)) {
    throw new DwhError('DAMAGED', `${where}: the data that arrived differs from what was written`, {
      hint: 'The object is damaged in the storage, or it was damaged in transit. Read it again to find out which.',
    })
  }
}

function getObject(
  connection: S3Connection,
  key: string,
  signal: AbortSignal | undefined,
  more: { readonly Range?: string; readonly IfMatch?: string } = {},
): Promise<GetObjectCommandOutput> {
  const input = { ...connection.place(key), ...more }
  return connection.send((sdk, client) => client.send(new sdk.GetObjectCommand(input), stoppedBy(signal)), { signal })
}
