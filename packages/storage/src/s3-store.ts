import { createHash, randomBytes, randomInt } from 'node:crypto'
import { DwhError, type ObjectInfo, type ObjectStore, type PutCondition } from '@dwh/core'
import { checkKey } from './check-key.ts'
import { type S3Connection, s3Connection } from './s3-connection.ts'
import { copyObject } from './s3-copy.ts'
import { downloadFile, readBody } from './s3-download.ts'
import { etagOf, isAnswer, isUncertain, NOT_DONE } from './s3-errors.ts'
import { headInfo, headObject, infoOf, SHA256, WRITE } from './s3-head.ts'
import { listObjects } from './s3-list.ts'
import { DEFAULT_ATTEMPTS, type S3StoreOptions } from './s3-options.ts'
import { probeConditions } from './s3-probe.ts'
import { putFile } from './s3-put-file.ts'
import { removeUploads } from './s3-uploads.ts'

/** The longest pause before a conditional write is retried, doubled for each attempt. */
const PAUSE_MS = 50

/**
 * Stores objects in a bucket of S3 or of a compatible server:
 * https://docs.aws.amazon.com/AmazonS3/latest/API/Welcome.html
 *
 * Every object carries its SHA-256 as metadata, and downloads are checked against it. Conditional writes are `If-Match`
 * and `If-None-Match`. Before the first one, three small writes below `_dwh/probe/` test whether the server honours
 * them. If it does not, the store checks the condition before the write, and two simultaneous writers may both pass;
 * `conditionalWrites()` then returns false.
 *
 * @example
 * const store = s3Store({ bucket: 'warehouse', endpoint: 'http://127.0.0.1:9000', credentials })
 * await store.putFile('customers/2026/02/18.parquet', '/var/tmp/customers.parquet')
 *
 * @throws DwhError CONFIG_INVALID for an invalid bucket, prefix, region, endpoint, proxy or encryption
 */
export function s3Store(options: S3StoreOptions): ObjectStore {
  const connection = s3Connection(options)
  const { url } = connection
  let probed: Promise<boolean> | undefined

  const conditionalWrites = (): Promise<boolean> => {
    probed ??= probeConditions(connection).catch((error) => {
      // the next call probes again
      probed = undefined
      throw error
    })
    return probed
  }

  const head = (key: string, signal?: AbortSignal) => headInfo(connection, key, signal)

  async function put(key: string, body: Uint8Array, condition?: PutCondition): Promise<ObjectInfo> {
    checkKey(key)
    const sha256 = createHash('sha256').update(body).digest('hex')
    if (!condition) {
      const { ETag } = await putObject(connection, key, body, { [SHA256]: sha256 })
      return { key, size: body.length, etag: etagOf(ETag, url), sha256 }
    }
    const etag = (await conditionalWrites())
      ? await putIf(connection, key, body, sha256, condition)
      : await putAfterLooking(connection, key, body, sha256, condition)
    return { key, size: body.length, etag, sha256 }
  }

  return {
    url,
    put,
    conditionalWrites,

    async get(key, { signal } = {}) {
      checkKey(key)
      return readBody(connection, key, signal)
    },

    async head(key, { signal } = {}) {
      checkKey(key)
      return head(key, signal)
    },

    async putFile(key, from, options = {}) {
      checkKey(key)
      return putFile(connection, key, from, options)
    },

    async getFile(key, to, { signal } = {}) {
      checkKey(key)
      return downloadFile(connection, key, to, signal)
    },

    async copy(from, to, isWanted) {
      checkKey(from)
      checkKey(to)
      const source = await headObject(connection, from)
      if (!source) return null
      if (from === to) return infoOf(url, to, source)
      if (!isWanted) return (await copyObject(connection, from, to, source)) ? head(to) : null
      const seen = await head(to)
      if (!(await isWanted())) return null
      const condition = seen ? { IfMatch: seen.etag } : { IfNoneMatch: '*' as const }
      const copied = await copyObject(connection, from, to, source, condition).catch(async (error) => {
        // a server without conditions on the target ignores them, answers 501, or misinterprets them
        if (isAnswer(error, 412) && (await head(to))?.etag !== seen?.etag) return false
        if (!isAnswer(error, 412, 501)) throw error
        return copyObject(connection, from, to, source)
      })
      return copied ? head(to) : null
    },

    async removeUnfinished() {
      return removeUploads(connection)
    },

    async presignedUrl(key, expiresIn) {
      checkKey(key)
      const signed = await connection.send((sdk, client) =>
        sdk.getSignedUrl(client, new sdk.GetObjectCommand(connection.place(key)), { expiresIn }),
      )
      // a public bucket needs no signature
      return connection.options.anonymous ? signed.replace(/\?.*/s, '') : signed
    },

    async *list(prefix, { signal } = {}) {
      yield* listObjects(connection, prefix, signal)
    },

    async delete(key) {
      checkKey(key)
      await connection.send((sdk, client) => client.send(new sdk.DeleteObjectCommand(connection.place(key))))
    },
  }
}

/** Writes on a server that honours conditions; retries until the result is certain. */
async function putIf(
  connection: S3Connection,
  key: string,
  body: Uint8Array,
  sha256: string,
  condition: PutCondition,
): Promise<string> {
  const write = randomBytes(12).toString('hex')
  const attempts = connection.options.attempts ?? DEFAULT_ATTEMPTS
  let uncertain = false
  for (let attempt = 1; ; attempt += 1) {
    try {
      const { ETag } = await putObject(connection, key, body, { [SHA256]: sha256, [WRITE]: write }, condition)
      return etagOf(ETag, connection.url)
    } catch (error) {
      // If-Match on a missing object
      const lost = isAnswer(error, 412) || ('ifMatch' in condition && isAnswer(error, 'NoSuchKey'))
      if (lost) {
        // the condition may have failed because an earlier attempt of ours succeeded
        const there = uncertain ? await headObject(connection, key) : null
        if (there?.Metadata?.[WRITE] === write) return etagOf(there.ETag, connection.url)
        throw conflict(connection, key, uncertain, error)
      }
      uncertain ||= isUncertain(error)
      const again = (isUncertain(error) || isAnswer(error, ...NOT_DONE)) && attempt < attempts
      if (!again) {
        if (!uncertain) throw isAnswer(error, 409) ? conflict(connection, key, false, error) : error
        const there = await headObject(connection, key).catch(() => null)
        if (there?.Metadata?.[WRITE] === write) return etagOf(there.ETag, connection.url)
        throw perhapsDone(error)
      }
      await new Promise((resolve) => setTimeout(resolve, randomInt(PAUSE_MS * 2 ** attempt)))
    }
  }
}

/** Writes on a server that ignores conditions: best effort. */
async function putAfterLooking(
  connection: S3Connection,
  key: string,
  body: Uint8Array,
  sha256: string,
  condition: PutCondition,
): Promise<string> {
  const there = await headObject(connection, key)
  const holds = 'ifMatch' in condition ? there?.ETag === condition.ifMatch : there === null
  if (!holds) throw conflict(connection, key, false, undefined)
  const { ETag } = await putObject(connection, key, body, { [SHA256]: sha256 })
  return etagOf(ETag, connection.url)
}

function putObject(
  connection: S3Connection,
  key: string,
  body: Uint8Array,
  metadata: Record<string, string>,
  condition?: PutCondition,
): Promise<{ ETag?: string | undefined }> {
  const conditions = condition && ('ifMatch' in condition ? { IfMatch: condition.ifMatch } : { IfNoneMatch: '*' })
  const input = { ...connection.place(key), Body: body, Metadata: metadata, ...connection.encrypted, ...conditions }
  return connection.send((sdk, client) => client.send(new sdk.PutObjectCommand(input)), {
    once: condition !== undefined,
  })
}

/** Marks an error as uncertain: one of the attempts may have succeeded. */
function perhapsDone(error: unknown): DwhError {
  const { code, message, hint, context } = error as DwhError
  return new DwhError(code, message, { hint, context: { ...context, uncertain: true }, cause: error })
}

function conflict(connection: S3Connection, key: string, uncertain: boolean, cause: unknown): DwhError {
  return new DwhError('CONFLICT', `${connection.url}/${key}: changed by another writer (conditional write failed)`, {
    cause,
    context: { key, uncertain },
  })
}
