import { createHash, createHmac } from 'node:crypto'
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import type { S3Credential, S3Server } from './index.ts'

/**
 * A separate signer, which shares no code with the server. Source: Amazon S3 API Reference,
 * API/sig-v4-header-based-auth.html.
 */
export interface SignedRequest {
  readonly method: string
  /** The path as sent, without the query. */
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
  readonly credential?: S3Credential
  readonly region?: string
  readonly at?: Date
  /** The value of `x-amz-content-sha256`. Default: the hash of the body. */
  readonly payloadHash?: string
  readonly host?: string
}

export interface Signed {
  readonly url: string
  readonly headers: Record<string, string>
  readonly signature: string
  readonly key: Buffer
  readonly time: string
  readonly scope: string
}

export function signHeaders(server: S3Server, request: SignedRequest): Signed {
  const { credential = server.credential, body = '', at = new Date(), region = 'us-east-1' } = request
  const time = timeText(at)
  const host = request.host ?? `127.0.0.1:${server.port}`
  const headers: Record<string, string> = {
    host,
    'x-amz-date': time,
    'x-amz-content-sha256': request.payloadHash ?? hash(body),
    ...(credential.sessionToken === undefined ? {} : { 'x-amz-security-token': credential.sessionToken }),
    ...request.headers,
  }
  const query = queryText(request.query ?? {})
  const names = Object.keys(headers).sort()
  const canonical = [
    request.method,
    request.path,
    query,
    ...names.map((name) => `${name}:${headers[name]?.trim()}`),
    '',
    names.join(';'),
    headers['x-amz-content-sha256'],
  ].join('\n')
  const { key, scope, signature } = signText(credential, region, time, canonical)
  const authorization = `AWS4-HMAC-SHA256 Credential=${credential.accessKeyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`
  const url = `${server.url}${request.path}${query === '' ? '' : `?${query}`}`
  return { url, headers: { ...headers, authorization }, signature, key, time, scope }
}

export function presign(server: S3Server, request: SignedRequest & { seconds: number }): string {
  const { credential = server.credential, at = new Date(), region = 'us-east-1', seconds } = request
  const time = timeText(at)
  const query = queryText({
    ...request.query,
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': `${credential.accessKeyId}/${time.slice(0, 8)}/${region}/s3/aws4_request`,
    'X-Amz-Date': time,
    'X-Amz-Expires': String(seconds),
    'X-Amz-SignedHeaders': 'host',
    ...(credential.sessionToken === undefined ? {} : { 'X-Amz-Security-Token': credential.sessionToken }),
  })
  const canonical = [
    request.method,
    request.path,
    query,
    `host:127.0.0.1:${server.port}`,
    '',
    'host',
    'UNSIGNED-PAYLOAD',
  ]
  const { signature } = signText(credential, region, time, canonical.join('\n'))
  return `${server.url}${request.path}?${query}&X-Amz-Signature=${signature}`
}

/** Signs with headers and sends with fetch. */
export async function signedFetch(server: S3Server, request: SignedRequest): Promise<Reply> {
  const { url, headers } = signHeaders(server, request)
  const { host: _, ...rest } = headers
  const response = await fetch(url, {
    method: request.method,
    headers: rest,
    ...(request.body === undefined ? {} : { body: new Uint8Array(Buffer.from(request.body)) }),
  })
  return replyOf(response)
}

export interface Reply {
  readonly status: number
  /** Returns the code of the error in the body, or null. */
  readonly code: string | null
  readonly body: string
  readonly headers: Headers
}

export async function replyOf(response: Response): Promise<Reply> {
  const body = await response.text()
  return { status: response.status, code: codeIn(body), body, headers: response.headers }
}

export function codeIn(xml: string): string | null {
  return /<Code>(.*)<\/Code>/.exec(xml)?.[1] ?? null
}

/** Sends headers as given, Host included, which fetch does not. */
export function sendRaw(
  port: number,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body: string | Buffer = '',
): Promise<{ status: number; code: string | null; body: string; headers: IncomingHttpHeaders }> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({ host: '127.0.0.1', port, method, path, headers, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        resolve({ status: response.statusCode ?? 0, code: codeIn(text), body: text, headers: response.headers })
      })
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

export function hash(body: string | Buffer): string {
  return createHash('sha256').update(body).digest('hex')
}

export function hmac(key: Buffer | string, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}

function signText(
  credential: S3Credential,
  region: string,
  time: string,
  canonical: string,
): { key: Buffer; scope: string; signature: string } {
  const day = time.slice(0, 8)
  const scope = `${day}/${region}/s3/aws4_request`
  const key = hmac(hmac(hmac(hmac(`AWS4${credential.secretAccessKey}`, day), region), 's3'), 'aws4_request')
  const text = `AWS4-HMAC-SHA256\n${time}\n${scope}\n${hash(canonical)}`
  return { key, scope, signature: hmac(key, text).toString('hex') }
}

function queryText(query: Readonly<Record<string, string>>): string {
  return Object.entries(query)
    .map(([name, value]) => [encodeURIComponent(name), encodeURIComponent(value)])
    .sort(([a = ''], [b = '']) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
}

function timeText(at: Date): string {
  return at.toISOString().replace(/[-:]|\.\d{3}/g, '')
}
