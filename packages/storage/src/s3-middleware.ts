import { createHash } from 'node:crypto'
import type { S3Client } from '@aws-sdk/client-s3'
import { DwhError } from '@dwh/core'
import { type AskedRequest, isAnswer, NOT_DONE, NOT_S3, s3Failure } from './s3-errors.ts'
import type { S3StoreOptions } from './s3-options.ts'

/** The parts that we read of a request and of an answer. */
interface Request {
  readonly method: string
  readonly headers: Record<string, string>
  readonly body?: unknown
}
interface Answer {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string>>
}

const READS = new Set(['GetObjectCommand', 'HeadObjectCommand', 'ListObjectsV2Command'])

/**
 * Adds middleware to a client for what the SDK does not do itself:
 * https://github.com/aws/aws-sdk-js-v3#middleware-stack
 */
export function setUpRequests(
  client: S3Client,
  options: S3StoreOptions,
  { retryNotDone }: { readonly retryNotDone: boolean },
): void {
  const stack = client.middlewareStack
  if (options.anonymous === true) {
    stack.add(
      (next, { commandName = '' }) =>
        (args) => {
          if (!READS.has(commandName)) throw onlyReads(options.bucket)
          return next(args)
        },
      { step: 'initialize', priority: 'high', name: 'onlyReads' },
    )
  }
  stack.add(
    (next) => (args) => {
      addHeaders(args.request as Request, options)
      return next(args)
    },
    { step: 'build', name: 'addHeaders' },
  )
  stack.add(
    (next, { commandName = '' }) =>
      async (args) => {
        const request = args.request as Request
        try {
          return await next(args)
        } catch (error) {
          const asked: AskedRequest = { command: commandName, hasChecksum: hasChecksum(request.headers) }
          Object.assign(error as Error, { asked })
          const again = retryNotDone && request.method !== 'GET' && isAnswer(s3Failure(error, ''), ...NOT_DONE)
          throw again ? Object.assign(error as Error, { $retryable: {} }) : error
        }
      },
    { step: 'deserialize', priority: 'high', name: 'explainFailure' },
  )
  stack.add(
    (next) => async (args) => {
      const result = await next(args)
      const { statusCode, headers } = result.response as Answer
      if (!isPage(statusCode, headers)) return result
      const error = Object.assign(new Error('the answer is a web page'), { name: NOT_S3 })
      throw Object.assign(error, { $metadata: { httpStatusCode: statusCode } })
    },
    { step: 'deserialize', priority: 'low', name: 'refusePages' },
  )
}

/**
 * Adds headers to a request. `Content-MD5` is the one checksum that every S3-compatible server knows, also servers
 * without `x-amz-checksum-*`. It goes into a header, because a trailer may become part of the object. The body is in
 * memory: files are sent in parts.
 */
function addHeaders({ headers, body }: Request, { endpoint, checksum, requesterPays }: S3StoreOptions): void {
  if (requesterPays === true) headers['x-amz-request-payer'] = 'requester'
  if (endpoint === undefined || checksum !== 'always' || hasChecksum(headers)) return
  if (typeof body === 'string' || body instanceof Uint8Array)
    headers['content-md5'] = createHash('md5').update(body).digest('base64')
}

function hasChecksum(headers: Readonly<Record<string, string>>): boolean {
  return Object.keys(headers).some((name) => /^(content-md5$|x-amz-checksum-|x-amz-trailer$)/i.test(name))
}

/**
 * True for a web page, such as of a console, a proxy or a portal. The pages of an overloaded server, or of a proxy that
 * asks for a password, are recognised by their status instead.
 */
function isPage(status: number, headers: Answer['headers']): boolean {
  const foreign = !Object.keys(headers).some((name) => /^(etag$|x-amz-)/i.test(name))
  return (
    foreign && /^text\/html/i.test(headers['content-type'] ?? '') && status < 500 && ![407, 408, 429].includes(status)
  )
}

function onlyReads(bucket: string): DwhError {
  return new DwhError('CONFIG_INVALID', `s3://${bucket}: read-only, because it was opened without credentials`, {
    hint: 'Remove s3.anonymous (S3_ANONYMOUS), and set credentials that may write.',
  })
}
