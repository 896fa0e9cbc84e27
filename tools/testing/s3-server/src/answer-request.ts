import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Authenticated, authenticate } from './authenticate.ts'
import type { BodyStore } from './body-store.ts'
import { errorXml } from './error-xml.ts'
import { Abandoned, type FaultPlan, type FaultyAnswer, passGates, type Script } from './faults.ts'
import type { Answer, Bucket, Call } from './operation.ts'
import { type OperationName, operationName } from './operation-name.ts'
import { OPERATIONS } from './operations/index.ts'
import { type ReceivedBody, receiveBody } from './receive-body.ts'
import { type RecordedRequest, type RunningRequest, recordRequest } from './recorded-request.ts'
import { S3Error, wordsOf } from './s3-error.ts'
import { readRequest, type S3Request } from './s3-request.ts'
import { sendAnswer } from './send-answer.ts'
import type { withDefaults } from './server-options.ts'

/** Shared by all requests. */
export interface ServerContext {
  readonly options: ReturnType<typeof withDefaults>
  readonly buckets: Map<string, Bucket>
  readonly store: BodyStore
  readonly script: Script
  readonly requests: RecordedRequest[]
  /** Aborts when the server closes. */
  readonly closing: AbortSignal
}

/** Answers one request, or leaves it unanswered as the script demands. Never throws. */
export async function answerRequest(
  context: ServerContext,
  message: IncomingMessage,
  response: ServerResponse,
  expectsContinue: boolean,
): Promise<void> {
  const gone = new AbortController()
  response.on('close', () => gone.abort())
  message.on('error', () => gone.abort())
  response.setHeader('server', 'AmazonS3')
  response.setHeader('date', context.options.now().toUTCString())
  response.setHeader('x-amz-request-id', REQUEST_ID)
  response.setHeader('x-amz-id-2', HOST_ID)
  // A client that still waits for `100 Continue` may or may not send its body, so the connection cannot be reused.
  if (expectsContinue) response.setHeader('connection', 'close')
  const willContinue = (): void => {
    if (!expectsContinue) return
    response.removeHeader('connection')
    response.writeContinue()
  }
  try {
    await answer(context, message, response, gone.signal, willContinue)
  } catch {
    // The client left or the server closes: no answer is possible.
    message.socket.destroy()
  }
}

const REQUEST_ID = '4442587FB7D0A2F9'
const HOST_ID = 'dwh-s3-server'

async function answer(
  context: ServerContext,
  message: IncomingMessage,
  response: ServerResponse,
  gone: AbortSignal,
  willContinue: () => void,
): Promise<void> {
  let request: S3Request
  try {
    request = readRequest(message, context.options.domains)
  } catch (error) {
    response.statusCode = 400
    response.end(errorBody(error as S3Error))
    return
  }
  const operation = operationName(request)
  const record = recordRequest(request, operation)
  context.requests.push(record)
  const plan = context.script.planFor(record)
  const signals = { clientGone: gone, closing: context.closing }
  await passGates(plan, 'arrival', signals)
  if (plan.drop === 'before') return void message.socket.destroy()
  const result = plan.respond
    ? scriptedAnswer(plan.respond, record)
    : await act(context, operation, { request, message, record, plan, gone, willContinue })
  await passGates(plan, 'answer', signals)
  if (plan.firstByteMs > 0) await passGates(delayed(plan), 'answer', signals)
  if (plan.drop === 'after') return void message.socket.destroy()
  await sendAnswer(response, result, plan, record, gone)
}

/** Delays the first byte. The wait ends when the client leaves. */
function delayed(plan: FaultPlan): FaultPlan {
  const open = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, plan.firstByteMs).unref())
  return { ...plan, gates: { ...plan.gates, answer: [{ arrive() {}, open, endsWithClient: true }] } }
}

interface Running {
  readonly request: S3Request
  readonly message: IncomingMessage
  readonly record: RunningRequest
  readonly plan: FaultPlan
  readonly gone: AbortSignal
  willContinue(): void
}

async function act(context: ServerContext, operation: OperationName | null, running: Running): Promise<Answer> {
  const { request, message, record } = running
  try {
    const now = context.options.now()
    const authenticated = authenticate(request, { ...context.options, now })
    if (operation === null) throw new S3Error(request.bucket === '' ? 'MethodNotAllowed' : 'NotImplemented')
    return await OPERATIONS[operation](callOf(context, running, authenticated, now))
  } catch (error) {
    if (error instanceof Abandoned || (message.destroyed && !message.complete)) throw error
    const known = error instanceof S3Error ? error : new S3Error('InternalError', String(error))
    record.code = known.code
    return { status: known.status, body: errorBody(known) }
  }
}

function callOf(context: ServerContext, running: Running, { credential, payload }: Authenticated, now: Date): Call {
  const { request, message, record, plan, gone } = running
  const { options, store, buckets } = context
  const may = (action: string, key: string): boolean => !credential.deny?.(action, key)
  return {
    request,
    buckets,
    rules: options,
    now,
    ignoresConditions: plan.ignoresConditions,
    staleWrites: plan.staleWrites,
    may,
    need(action, key) {
      if (!may(action, key)) throw new S3Error('AccessDenied')
    },
    receive({ checksum = null, maxBytes = options.maxPutBytes } = {}): Promise<ReceivedBody> {
      running.willContinue()
      const { minChunkBytes, storesTrailers } = options
      return receiveBody(request, message, {
        store,
        payload,
        maxBytes,
        minChunkBytes,
        storesTrailers,
        checksum,
        onBytes(count) {
          record.bytesIn += count
        },
      })
    },
    beforeEffect: () => passGates(plan, 'effect', { clientGone: gone, closing: context.closing }),
  }
}

function scriptedAnswer(faulty: FaultyAnswer, record: RunningRequest): Answer {
  const { status, code, message, headers = {}, body } = faulty
  record.code = code ?? null
  const xml = code === undefined ? '' : errorBody({ code, message: message ?? wordsOf(code), detail: {} })
  return { status, headers, body: body ?? xml }
}

function errorBody({ code, message, detail }: Pick<S3Error, 'message' | 'detail'> & { code: string }): string {
  return errorXml({ code, message, detail, requestId: REQUEST_ID, hostId: HOST_ID })
}
