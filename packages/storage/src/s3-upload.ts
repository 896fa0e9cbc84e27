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

/** How long after a stop the server may take to say which upload it was, and to remove it. */
const CLEAN_UP_MS = 5_000

/**
 * A client whose requests end with a signal: parts at once, and later the one that cleans up, and the one that begins, whose answer names what is to be
 * cleaned up. The `abort()` of Upload will not do: it returns before parts on their way have stopped and before the parts that arrived are removed.
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
