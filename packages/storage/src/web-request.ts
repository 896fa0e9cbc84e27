import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { DwhError, throwIfAborted, type Wait, wait } from '@dwh/core'
import { type Agents, agents } from './agents.ts'
import { networkHint, OF_WEB } from './s3-network-hints.ts'
import { DEFAULT_ATTEMPTS, DEFAULT_CONNECT_TIMEOUT_MS } from './s3-options.ts'

export interface WebRequestOptions {
  /** `http://user:password@proxy:3128`. */
  readonly proxy?: string | undefined
  /** Attempts per request. Default 5. */
  readonly attempts?: number | undefined
  /** Timeout for the beginning of an answer; six times as long for the next byte. Default 10 s. */
  readonly connectTimeoutMs?: number | undefined
  /** Waits between two attempts. Default: Node's timers. */
  readonly wait?: Wait | undefined
}

/** The longest silence of the server within an answer, in connection timeouts. */
const SILENCE = 6
const MOST_REDIRECTS = 5
const FIRST_PAUSE_MS = 200

export type WebRequest = <T>(
  method: 'GET' | 'HEAD',
  url: string,
  /** Reads the whole answer (status 200); the request is repeated when this fails midway. */
  take: (answer: IncomingMessage) => Promise<T>,
  signal: AbortSignal | undefined,
) => Promise<T | null>

/**
 * Makes a function that sends requests to a web server. It retries when the server does not answer, is busy, or hangs
 * up midway. It returns null for 404 and 410.
 * @throws DwhError STORE_UNREACHABLE, STORE_DENIED, STORE_FAILED, ABORTED
 */
export function webRequests(options: WebRequestOptions): WebRequest {
  const { attempts = DEFAULT_ATTEMPTS, connectTimeoutMs = DEFAULT_CONNECT_TIMEOUT_MS, wait: pause = wait } = options
  let made: Promise<Agents> | undefined

  async function send(method: string, url: string, signal: AbortSignal | undefined): Promise<IncomingMessage> {
    made ??= agents({ proxy: options.proxy })
    const { httpAgent, httpsAgent } = await made
    const request = url.startsWith('https:') ? httpsRequest : httpRequest
    return new Promise((resolve, reject) => {
      const sent = request(url, {
        method,
        agent: url.startsWith('https:') ? httpsAgent : httpAgent,
        // an answer from a cache in between may be outdated
        headers: { 'cache-control': 'no-cache', 'accept-encoding': 'identity' },
        ...(signal ? { signal } : {}),
      })
      const late = (ms: number) => () =>
        sent.destroy(Object.assign(new Error(`silent for ${ms} ms`), { code: 'ETIMEDOUT' }))
      const timer = setTimeout(late(connectTimeoutMs), connectTimeoutMs)
      sent.once('error', reject).once('close', () => clearTimeout(timer))
      sent.once('response', (answer) => {
        clearTimeout(timer)
        answer.setTimeout(connectTimeoutMs * SILENCE, late(connectTimeoutMs * SILENCE))
        resolve(answer)
      })
      sent.end()
    })
  }

  async function follow(method: string, url: string, signal: AbortSignal | undefined): Promise<IncomingMessage> {
    let at = url
    for (let redirects = 0; ; redirects += 1) {
      const answer = await send(method, at, signal)
      const to = answer.headers.location
      if (
        to === undefined ||
        redirects === MOST_REDIRECTS ||
        ![301, 302, 303, 307, 308].includes(answer.statusCode ?? 0)
      )
        return answer
      answer.resume()
      const next = new URL(to, at).href
      if (at.startsWith('https:') && !next.startsWith('https:')) throw insecure(at)
      at = next
    }
  }

  return async (method, url, take, signal) => {
    for (let attempt = 1; ; attempt += 1) {
      throwIfAborted(signal, url)
      try {
        const answer = await follow(method, url, signal)
        const status = answer.statusCode ?? 0
        if (status === 200) return await taken(answer, take)
        answer.resume()
        if (status === 404 || status === 410) return null
        throw refusal(url, status)
      } catch (error) {
        throwIfAborted(signal, url)
        const failure = failureOf(error, url)
        if (failure.code !== 'STORE_UNREACHABLE' || attempt >= attempts) throw failure
        await pause(FIRST_PAUSE_MS * 2 ** (attempt - 1), signal)
      }
    }
  }
}

/** Reads an answer; closes the connection when reading fails. */
async function taken<T>(answer: IncomingMessage, take: (answer: IncomingMessage) => Promise<T>): Promise<T> {
  try {
    return await take(answer)
  } catch (error) {
    answer.destroy()
    throw error
  }
}

function insecure(url: string): DwhError {
  return new DwhError('STORE_DENIED', `${url}: the server redirects to http, which can be changed in transit`, {
    hint: 'Ask the operator of the server to redirect to https, or use the http URL itself if you trust the network.',
  })
}

function refusal(url: string, status: number): DwhError {
  const context = { status }
  if (status === 401 || status === 403) {
    const hint = 'The server requires a password, or does not serve this file. Only public files can be read.'
    return new DwhError('STORE_DENIED', `${url}: HTTP ${status}`, { hint, context })
  }
  if (status >= 500 || status === 429 || status === 408) {
    const hint = 'The server is overloaded or broken: try again later, or ask its operator.'
    return new DwhError('STORE_UNREACHABLE', `${url}: HTTP ${status}`, { hint, context })
  }
  const hint = 'Check that the URL is the folder of a warehouse, the one that holds etl.json.'
  return new DwhError('STORE_FAILED', `${url}: HTTP ${status}`, { hint, context })
}

function failureOf(error: unknown, url: string): DwhError {
  if (error instanceof DwhError) return error
  const { code, message } = error as NodeJS.ErrnoException
  const [first = ''] = message.split('\n')
  const hint = networkHint(code, { endpoint: url }, OF_WEB)
  return new DwhError('STORE_UNREACHABLE', `${url}: ${first}`, {
    cause: error,
    hint,
    context: { errno: code ?? null },
  })
}
