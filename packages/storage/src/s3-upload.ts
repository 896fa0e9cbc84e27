import { createReadStream } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import type { S3Client } from '@aws-sdk/client-s3'
import { localFailure } from './local-errors.ts'
import type { S3Connection } from './s3-connection.ts'
import { DEFAULT_PARALLEL_PARTS, DEFAULT_PART_BYTES, MAX_PARTS, MIN_PART_BYTES } from './s3-options.ts'

export interface FileUpload {
  readonly key: string
  readonly file: FileHandle
  /** For messages. */
  readonly path: string
  readonly size: number
  readonly metadata: Record<string, string>
  readonly signal: AbortSignal | undefined
}

/**
 * Uploads a file in one request, or in parts, `parallelParts` of them in memory. A failed or stopped upload leaves no
 * parts behind, if the server still answers:
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html
 */
export async function uploadFile(connection: S3Connection, upload: FileUpload): Promise<void> {
  const { file, path, size, metadata, signal } = upload
  const { partBytes = DEFAULT_PART_BYTES, parallelParts = DEFAULT_PARALLEL_PARTS } = connection.options
  const partSize = Math.max(partBytes, MIN_PART_BYTES, Math.ceil(size / MAX_PARTS))
  const body = createReadStream(path, { fd: file, autoClose: false, start: 0, highWaterMark: 1024 * 1024 })
  let fileFailure: unknown
  body.once('error', (error) => {
    fileFailure = error
  })
  const late = new AbortController()
  const stop = () => {
    body.destroy(signal?.reason instanceof Error ? signal.reason : new Error('stopped'))
    setTimeout(() => late.abort(), CLEAN_UP_MS).unref()
  }
  signal?.addEventListener('abort', stop, { once: true })
  try {
    await connection.send(
      (sdk, client) =>
        new sdk.Upload({
          client: stoppable(client, (command) =>
            command instanceof sdk.CreateMultipartUploadCommand || command instanceof sdk.AbortMultipartUploadCommand
              ? late.signal
              : signal,
          ),
          params: {
            ...connection.place(upload.key),
            Body: body,
            ContentLength: size,
            Metadata: metadata,
            ...connection.encrypted,
          },
          partSize,
          queueSize: parallelParts,
        }).done(),
      { signal },
    )
  } catch (error) {
    throw fileFailure !== undefined && !signal?.aborted ? localFailure(fileFailure, path) : error
  } finally {
    signal?.removeEventListener('abort', stop)
    body.destroy()
  }
}

/** After a stop: how long the server may take to name the upload and to remove it. */
const CLEAN_UP_MS = 5_000

/**
 * Makes a client whose requests end with a signal: uploads of parts at once; the request that begins the upload (its
 * answer names what to remove) and the request that removes it later. `Upload.abort()` does not suffice: it returns
 * before running uploads of parts have stopped, and before the uploaded parts are removed.
 */
function stoppable(client: S3Client, signalOf: (command: object) => AbortSignal | undefined): S3Client {
  return new Proxy(client, {
    get(target, name) {
      if (name !== 'send') return Reflect.get(target, name)
      return (command: Parameters<S3Client['send']>[0]) => {
        const abortSignal = signalOf(command)
        return target.send(command, abortSignal ? { abortSignal } : {})
      }
    },
  })
}
