import { createHash, randomBytes } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { DwhError, type ObjectInfo, type ObjectStore } from '@dwh/core'
import { checkKey } from './check-key.ts'
import { localFailure } from './local-errors.ts'
import { type WebRequestOptions, webRequests } from './web-request.ts'

export interface WebStoreOptions extends WebRequestOptions {
  /** `https://host/folder`: the URL where a web server serves the folder of a warehouse, file by file. */
  readonly url: string
}

/**
 * Reads objects of a folder that any web server serves, such as a static site, by GET and HEAD (RFC 9110). It cannot
 * list, and refuses writes. An object counts as unchanged while its ETag is the same or, without one, its time and
 * length.
 */
export function webStore(options: WebStoreOptions): ObjectStore {
  const root = options.url.replace(/\/+$/, '')
  const request = webRequests(options)
  const urlOf = (key: string) => `${root}/${checkKey(key).split('/').map(encodeURIComponent).join('/')}`

  const refuse = (what: string): DwhError =>
    new DwhError('STORE_DENIED', `${root}: ${what}`, {
      hint: 'A web server only serves single files. Point --storage or DWH_STORAGE at the folder or the bucket itself.',
    })
  const readOnly = async (): Promise<never> => {
    throw refuse('it is read-only')
  }

  return {
    url: root,
    publicUrl: urlOf,
    get: async (key, { signal } = {}) =>
      request(
        'GET',
        urlOf(key),
        async (answer) => {
          const chunks: Uint8Array[] = []
          for await (const chunk of bytesOf(answer)) chunks.push(chunk)
          const body = Buffer.concat(chunks)
          return { body, etag: etagOf(answer, body.length) }
        },
        signal,
      ),
    head: async (key, { signal } = {}) =>
      request(
        'HEAD',
        urlOf(key),
        async (answer): Promise<ObjectInfo> => {
          answer.resume()
          const size = lengthOf(answer)
          if (size === null) throw refuse('its answers have no Content-Length')
          return { key, size, etag: etagOf(answer, size), sha256: null }
        },
        signal,
      ),
    getFile: async (key, path, { signal } = {}) =>
      request('GET', urlOf(key), (answer) => writeFile(answer, key, path), signal),
    // biome-ignore lint/correctness/useYield: it only throws
    async *list() {
      throw refuse('it cannot be listed')
    },
    put: readOnly,
    putFile: readOnly,
    copy: readOnly,
    delete: readOnly,
  }
}

/** The file appears whole or not at all. */
async function writeFile(answer: IncomingMessage, key: string, path: string): Promise<ObjectInfo> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}`
  const local = (error: unknown) => {
    throw localFailure(error, path)
  }
  try {
    const hash = createHash('sha256')
    const file = await open(temporary, 'wx').catch(local)
    let size = 0
    try {
      for await (const chunk of bytesOf(answer)) {
        hash.update(chunk)
        size += chunk.length
        await file.writeFile(chunk).catch(local)
      }
    } finally {
      await file.close()
    }
    await rename(temporary, path).catch(local)
    return { key, size, etag: etagOf(answer, size), sha256: hash.digest('hex') }
  } finally {
    await rm(temporary, { force: true })
  }
}

/** Streams the body and checks its length: Node does not report a short body when the server closes in good order. */
async function* bytesOf(answer: IncomingMessage): AsyncGenerator<Buffer> {
  const promised = lengthOf(answer)
  let came = 0
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    came += chunk.length
    yield chunk
  }
  if (promised !== null && came !== promised)
    throw Object.assign(new Error(`${came} of ${promised} bytes came`), { code: 'ECONNRESET' })
}

function lengthOf({ headers }: IncomingMessage): number | null {
  return headers['content-length'] === undefined ? null : Number(headers['content-length'])
}

function etagOf({ headers }: IncomingMessage, size: number): string {
  return headers.etag ?? `${headers['last-modified'] ?? ''} ${size}`
}
