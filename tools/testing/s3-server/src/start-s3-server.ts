import { mkdtemp, rm } from 'node:fs/promises'
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { answerRequest, type ServerContext } from './answer-request.ts'
import type { S3Credential } from './authenticate.ts'
import { bodyStore } from './body-store.ts'
import { type ScriptedRule, type ScriptRule, script } from './faults.ts'
import { emptyBucket } from './operations/buckets.ts'
import type { RecordedRequest } from './recorded-request.ts'
import { type S3ServerOptions, withDefaults } from './server-options.ts'
import { type ObjectView, objectsOf, type UploadView, uploadsOf } from './views.ts'

export interface S3Server {
  /** `http://127.0.0.1:<port>`, for path style. */
  readonly url: string
  readonly port: number
  readonly region: string
  /** The first of the credentials. */
  readonly credential: S3Credential
  /** Folder of large bodies, one file each. */
  readonly folder: string
  /** Requests in the order they arrived. Empty the array to start over. */
  readonly requests: RecordedRequest[]
  /** Adds a fault rule. */
  script(rule: ScriptRule): ScriptedRule
  createBucket(name: string): void
  /** The objects in the order of their keys. Throws if the bucket does not exist. */
  objects(bucket: string): ObjectView[]
  /** The multipart uploads that are neither completed nor aborted. */
  uploads(bucket: string): UploadView[]
  /** Ends every connection and all waits, and removes the files. Safe to call twice. */
  close(): Promise<void>
}

/**
 * Starts an S3 server on 127.0.0.1, on a free port. It behaves as AWS does, except for scripted faults.
 * @example
 * const server = await startS3Server({ buckets: ['house'] })
 * server.script({ when: (request) => request.operation === 'PutObject', times: 1, do: 'drop-after' })
 */
export async function startS3Server(options: S3ServerOptions = {}): Promise<S3Server> {
  const settings = withDefaults(options)
  const folder = await mkdtemp(join(options.folder ?? tmpdir(), 'dwh-s3-'))
  const closing = new AbortController()
  const context: ServerContext = {
    options: settings,
    buckets: new Map(settings.buckets.map((name) => [name, emptyBucket(settings.now())])),
    store: bodyStore(folder, settings.spillBytes),
    script: script(),
    requests: [],
    closing: closing.signal,
  }
  const running = new Set<Promise<void>>()
  const answering =
    (expectsContinue: boolean): RequestListener =>
    (message: IncomingMessage, response: ServerResponse) => {
      const done = answerRequest(context, message, response, expectsContinue).finally(() => running.delete(done))
      running.add(done)
    }
  const server = options.tls ? createHttpsServer(options.tls) : createHttpServer()
  server.requestTimeout = 0
  server.on('request', answering(false))
  server.on('checkContinue', answering(true))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo

  async function close(): Promise<void> {
    closing.abort()
    const closed = new Promise((resolve) => server.close(resolve))
    server.closeAllConnections()
    await closed
    await Promise.all(running)
    await rm(folder, { recursive: true, force: true })
  }

  let closed: Promise<void> | null = null
  return {
    url: `${options.tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    port,
    region: settings.region,
    credential: settings.credentials[0] as S3Credential,
    folder,
    requests: context.requests,
    script: (rule) => context.script.add(rule),
    createBucket(name) {
      if (!context.buckets.has(name)) context.buckets.set(name, emptyBucket(settings.now()))
    },
    objects: (bucket) => objectsOf(context.buckets, bucket),
    uploads: (bucket) => uploadsOf(context.buckets, bucket),
    close() {
      closed ??= close()
      return closed
    },
  }
}
