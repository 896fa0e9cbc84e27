import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { temporaryFolder } from '@dwh/test-kit'
import { describe, expect, onTestFinished, test } from 'vitest'
import { localStore, webStore } from './index.ts'

async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Serves a folder as any web server does. */
function files(folder: string): RequestListener {
  return async (request, response) => {
    const path = join(folder, decodeURIComponent(request.url ?? ''))
    const body = await readFile(path).catch(() => null)
    if (body === null) return void response.writeHead(404).end('no such page')
    response.writeHead(200, {
      'content-length': body.length,
      etag: `"${createHash('md5').update(body).digest('hex')}"`,
    })
    response.end(request.method === 'HEAD' ? undefined : body)
  }
}

const quick = { attempts: 3, connectTimeoutMs: 300, wait: async () => {} }

describe('a folder on a web server', () => {
  test('objects of a local store, by any key: their bytes, sizes and hashes; null for an absent one', async () => {
    const folder = await temporaryFolder()
    const local = localStore({ path: folder })
    const body = new TextEncoder().encode('body')
    for (const key of ['etl.json', 'm%C3%BCll/2026/02/18.parquet', 'a~b/c.d']) {
      await local.put(key, body)
      const store = webStore({ url: `${await serve(files(folder))}/`, ...quick })
      expect(await (await fetch(store.publicUrl?.(key) ?? '')).text()).toBe('body')
      const found = await store.get(key)
      expect(Buffer.from(found?.body ?? []).toString()).toBe('body')
      expect(await store.head(key)).toEqual({ key, size: 4, etag: found?.etag, sha256: null })
      const to = join(await temporaryFolder(), 'file')
      const sha256 = createHash('sha256').update(body).digest('hex')
      expect(await store.getFile(key, to)).toEqual({ key, size: 4, etag: found?.etag, sha256 })
      expect(await readFile(to, 'utf8')).toBe('body')
      expect([await store.get('x'), await store.head('x'), await store.getFile('x', to)]).toEqual([null, null, null])
    }
  })

  test('a list and a write: refused, with a hint', async () => {
    const store = webStore({ url: 'http://127.0.0.1:1', ...quick })
    const refused = { code: 'STORE_DENIED', hint: expect.stringContaining('the folder or the bucket itself') }
    await expect(store.put('a', new Uint8Array())).rejects.toMatchObject(refused)
    await expect(store.delete('a')).rejects.toMatchObject(refused)
    await expect(store.list('')[Symbol.asyncIterator]().next()).rejects.toMatchObject(refused)
    await expect(store.get('../a')).rejects.toMatchObject({ code: 'STORE_FAILED' })
  })

  test('a redirect: followed; a redirect loop: an error', async () => {
    const folder = await temporaryFolder()
    await mkdir(join(folder, 'lake'))
    await writeFile(join(folder, 'lake/a'), 'there')
    const url = await serve((request, response) => {
      if (request.url === '/round/a') return void response.writeHead(302, { location: '/round/a' }).end()
      if (request.url?.startsWith('/old/')) return void response.writeHead(301, { location: '/lake/a' }).end()
      return files(folder)(request, response)
    })
    expect((await webStore({ url: `${url}/old`, ...quick }).get('a'))?.body.length).toBe(5)
    await expect(webStore({ url: `${url}/round`, ...quick }).get('a')).rejects.toMatchObject({ code: 'STORE_FAILED' })
  })

  test.each([
    [403, 'STORE_DENIED', 1],
    [400, 'STORE_FAILED', 1],
    [503, 'STORE_UNREACHABLE', 3],
    [429, 'STORE_UNREACHABLE', 3],
  ] as const)('HTTP %i: %s, after %i requests', async (status, code, requests) => {
    let asked = 0
    const url = await serve((_, response) => {
      asked += 1
      response.writeHead(status).end()
    })
    const failed = await webStore({ url, ...quick })
      .get('etl.json')
      .catch((error) => error)
    expect(failed).toMatchObject({ code, hint: expect.any(String), context: { status } })
    expect(asked).toBe(requests)
  })

  test.each([
    [
      'cut off midway',
      (response: import('node:http').ServerResponse) => response.write('bod', () => response.destroy()),
    ],
    ['shorter than it says', (response: import('node:http').ServerResponse) => response.end('bod')],
    ['silent', () => {}],
  ] as const)('an answer that is %s: requested again, and nothing of it is left', async (_, spoil) => {
    let asked = 0
    const url = await serve((_, response) => {
      asked += 1
      if (asked > 1) return void response.writeHead(200, { 'content-length': 4 }).end('body')
      response.strictContentLength = false
      if (spoil.length > 0) response.writeHead(200, { 'content-length': 4 })
      spoil(response)
    })
    const folder = await temporaryFolder()
    const store = webStore({ url, ...quick, connectTimeoutMs: 50 })
    expect(await store.getFile('a', join(folder, 'a'))).toMatchObject({ size: 4 })
    expect(await readFile(join(folder, 'a'), 'utf8')).toBe('body')
    expect(await readdir(folder)).toEqual(['a'])
  })

  test('no server, and an abort: STORE_UNREACHABLE and ABORTED', async () => {
    const store = webStore({ url: 'http://127.0.0.1:1', ...quick })
    await expect(store.get('a')).rejects.toMatchObject({
      code: 'STORE_UNREACHABLE',
      hint: expect.stringContaining('Nothing listens'),
    })
    await expect(store.get('a', { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' })
    const url = await serve(() => {})
    const aborting = webStore({ url, attempts: 1, connectTimeoutMs: 60_000 }).get('a', {
      signal: AbortSignal.timeout(50),
    })
    await expect(aborting).rejects.toMatchObject({ code: 'ABORTED' })
  })
})
