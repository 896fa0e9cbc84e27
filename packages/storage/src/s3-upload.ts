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
 * Sends a file in one request, or in parts, of which `parallelParts` are in memory. When it fails, or is stopped, no part of it is left behind
 * (https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html), as far as the server still answers.
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
  const stop = () => body.destroy(signal?.reason instanceof Error ? signal.reason : new Error('stopped'))
  signal?.addEventListener('abort', stop, { once: true })
  try {
    await connection.send(
      (sdk, client) =>
        new sdk.Upload({
          client: stoppable(client, signal, sdk.AbortMultipartUploadCommand),
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

/**
 * A client whose requests end with `signal`, all but the one that cleans up. The `abort()` of Upload will not do: it returns before parts on their way
 * have stopped and before the parts that arrived are removed.
 */
function stoppable(
  client: S3Client,
  signal: AbortSignal | undefined,
  cleanUp: abstract new (...args: never[]) => object,
): S3Client {
  if (!signal) return client
  return new Proxy(client, {
    get(target, name) {
      if (name !== 'send') return Reflect.get(target, name)
      return (command: Parameters<S3Client['send']>[0]) =>
        target.send(command, command instanceof cleanUp ? {} : { abortSignal: signal })
    },
  })
}
