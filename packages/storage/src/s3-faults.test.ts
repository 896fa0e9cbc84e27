import { createHash, randomBytes } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { join } from 'node:path'
import type { ObjectStore } from '@dwh/core'
import { type S3Credential, type S3ServerOptions, startS3Server, TEST_CREDENTIAL } from '@dwh/s3-server'
import { temporaryFolder } from '@dwh/test-kit'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type S3StoreOptions, s3Store } from './index.ts'

const MIB = 1024 * 1024
const text = (value: string) => new TextEncoder().encode(value)
const sha256 = (body: Uint8Array) => createHash('sha256').update(body).digest('hex')

async function setUp(
  more: Partial<S3StoreOptions> = {},
  serverOptions: S3ServerOptions = {},
): Promise<{ server: Awaited<ReturnType<typeof startS3Server>>; store: ObjectStore }> {
  const server = await startS3Server({ buckets: ['bucket'], ...serverOptions })
  onTestFinished(() => server.close())
  const { accessKeyId, secretAccessKey } = server.credential
  const credentials = { accessKeyId, secretAccessKey }
  return { server, store: s3Store({ bucket: 'bucket', endpoint: server.url, credentials, ...more }) }
}

async function file(bytes: number): Promise<{ path: string; body: Uint8Array }> {
  const [path, body] = [join(await temporaryFolder(), 'file'), randomBytes(bytes)]
  await writeFile(path, body)
  return { path, body }
}

const puts = (operation: string) => (request: { operation: string; key: string }) =>
  request.operation === operation && !request.key.includes('_dwh/probe')

describe('a server that fails for a while', () => {
  test.each([
    ['500', { respond: { status: 500, code: 'InternalError' } }],
    ['503 with Retry-After', { respond: { status: 503, code: 'SlowDown', headers: { 'Retry-After': '0' } } }],
    ['a connection cut before', 'drop-before'],
    ['an answer lost after', 'drop-after'],
  ] as const)('%s: the request is sent again', async (_, fault) => {
    const { server, store } = await setUp()
    for (const operation of ['PutObject', 'GetObject', 'HeadObject', 'ListObjectsV2', 'DeleteObject', 'CopyObject'])
      server.script({ when: puts(operation), times: 2, do: fault })
    await store.put('a', text('x'))
    expect((await store.get('a'))?.body).toEqual(Buffer.from('x'))
    expect(await store.copy('a', 'b')).toMatchObject({ size: 1 })
    for await (const { key } of store.list('')) expect(['a', 'b']).toContain(key)
    await store.delete('a')
    expect(await store.head('a')).toBeNull()
  })

  test.each([
    [409, 'OperationAborted', 'STORE_FAILED'],
    [403, 'AccessDenied', 'STORE_DENIED'],
  ] as const)('%i %s: a write refused because of another one: sent again', async (status, code, said) => {
    const { server, store } = await setUp({ partBytes: 5 * MIB, attempts: 3 })
    const { path } = await file(6 * MIB)
    const writes = ['PutObject', 'CreateMultipartUpload', 'UploadPart', 'CompleteMultipartUpload', 'CopyObject']
    for (const operation of [...writes, 'DeleteObject'])
      server.script({ when: puts(operation), times: 2, do: { respond: { status, code } } })
    await store.put('a', text('x'))
    await store.putFile('large', path)
    expect(await store.copy('a', 'b')).toMatchObject({ size: 1 })
    await store.delete('a')
    expect(await store.head('a')).toBeNull()
    server.script({ when: ({ method }) => method === 'PUT', do: { respond: { status, code } } })
    server.requests.length = 0
    await expect(store.put('a', text('x'))).rejects.toMatchObject({ code: said })
    expect(server.requests).toHaveLength(3)
  })

  test('a refused read: not retried', async () => {
    const { server, store } = await setUp()
    server.script({ when: puts('GetObject'), do: { respond: { status: 403, code: 'AccessDenied' } } })
    await expect(store.get('a')).rejects.toMatchObject({ code: 'STORE_DENIED' })
    expect(server.requests).toHaveLength(1)
  })

  test('a server that keeps failing: an error with a hint', async () => {
    const { server, store } = await setUp({ attempts: 2 })
    server.script({ when: () => true, do: { respond: { status: 500, code: 'InternalError' } } })
    await expect(store.put('a', text('x'))).rejects.toMatchObject({
      code: 'STORE_UNREACHABLE',
      hint: expect.stringMatching(/try again later/),
    })
    expect(server.requests).toHaveLength(2)
  })
})

describe('conditional writes', () => {
  test.each([
    ['lost after success', 'drop-after'],
    ['never sent', 'drop-before'],
    ['500 although it was done', { hang: 'answer' }],
  ] as const)('the answer is %s: the writer still learns that it won', async (name, fault) => {
    if (name.startsWith('500')) return void (await lateAnswer())
    const { server, store } = await setUp()
    const first = await store.put('k', text('1'), { ifAbsent: true })
    server.script({ when: puts('PutObject'), times: 1, do: fault })
    const second = await store.put('k', text('2'), { ifMatch: first.etag })
    expect((await store.get('k'))?.etag).toBe(second.etag)
    await expect(store.put('k', text('x'), { ifMatch: first.etag })).rejects.toMatchObject({ code: 'CONFLICT' })
  })

  async function lateAnswer(): Promise<void> {
    const { server, store } = await setUp({ connectTimeoutMs: 50 })
    server.script({ when: puts('PutObject'), times: 1, do: { hang: 'answer' } })
    const { etag } = await store.put('k', text('1'), { ifAbsent: true })
    expect((await store.get('k'))?.etag).toBe(etag)
  }

  test('the answer is lost, and another writer has written since: an uncertain conflict', async () => {
    const { server, store } = await setUp()
    const other = s3Store({ bucket: 'bucket', endpoint: server.url, credentials: TEST_CREDENTIAL })
    await store.conditionalWrites?.()
    const answered = new Promise<void>((resolve) => {
      server.script({
        when: puts('PutObject'),
        times: 1,
        do: [
          'drop-after',
          {
            at: 'answer',
            waitFor: async () => {
              await other.put('k', text('theirs'))
              resolve()
            },
          },
        ],
      })
    })
    const mine = store.put('k', text('mine'), { ifAbsent: true })
    await expect(mine).rejects.toMatchObject({ code: 'CONFLICT', context: { uncertain: true } })
    await answered
    expect((await store.get('k'))?.body).toEqual(Buffer.from('theirs'))
  })

  test.each([403, 507])('the answer is lost, and the next one is %i: the object tells the result', async (status) => {
    const { server, store } = await setUp({ attempts: 2 })
    await store.conditionalWrites?.()
    server.script({ when: puts('PutObject'), times: 1, do: 'drop-after' })
    server.script({
      when: (request) => puts('PutObject')(request) && server.objects('bucket').length > 0,
      do: { respond: { status, code: 'AccessDenied' } },
    })
    const { etag } = await store.put('k', text('1'), { ifAbsent: true })
    expect((await store.get('k'))?.etag).toBe(etag)
  })

  test.each([
    [409, 'ConditionalRequestConflict', 'CONFLICT'],
    [403, 'AccessDenied', 'STORE_DENIED'],
  ] as const)('%i %s: a conditional write refused because of another one: tried again', async (status, code, said) => {
    const { server, store } = await setUp()
    server.script({ when: puts('PutObject'), times: 2, do: { respond: { status, code } } })
    await store.put('k', text('1'), { ifAbsent: true })
    expect((await store.get('k'))?.body).toEqual(Buffer.from('1'))
    server.script({ when: puts('PutObject'), do: { respond: { status, code } } })
    const { etag = '' } = (await store.head('k')) ?? {}
    await expect(store.put('k', text('2'), { ifMatch: etag })).rejects.toMatchObject({ code: said })
  })

  test('a server that honours conditions: recognised by three small writes, once', async () => {
    const { server, store } = await setUp()
    await store.put('k', text('1'), { ifAbsent: true })
    await store.put('k2', text('1'), { ifAbsent: true })
    expect(await store.conditionalWrites?.()).toBe(true)
    expect(server.requests.filter(({ key }) => key.includes('_dwh/probe/')).map(({ operation }) => operation)).toEqual([
      'PutObject',
      'PutObject',
      'PutObject',
      'DeleteObject',
    ])
    expect(server.objects('bucket').map(({ key }) => key)).toEqual(['k', 'k2'])
  })

  test.each([
    ['ignores them', 'ignore-conditions'],
    ['does not implement them', null],
  ] as const)('a server that %s: detected, and the store checks the object before a write', async (_, fault) => {
    const { server, store } = await setUp()
    if (fault) server.script({ when: () => true, do: fault })
    else
      server.script({
        when: ({ headers }) => 'if-match' in headers || 'if-none-match' in headers,
        do: { respond: { status: 501, code: 'NotImplemented' } },
      })
    expect(await store.conditionalWrites?.()).toBe(false)
    const { etag } = await store.put('k', text('1'), { ifAbsent: true })
    await expect(store.put('k', text('x'), { ifAbsent: true })).rejects.toMatchObject({ code: 'CONFLICT' })
    await store.put('k', text('2'), { ifMatch: etag })
    await expect(store.put('k', text('x'), { ifMatch: etag })).rejects.toMatchObject({ code: 'CONFLICT' })
    expect((await store.get('k'))?.body).toEqual(Buffer.from('2'))
  })
})

describe('downloads', () => {
  test('a body cut midway: continued where it stopped, from the same version', async () => {
    const { server, store } = await setUp()
    const { path, body } = await file(3 * MIB)
    await store.putFile('k', path)
    server.script({ when: puts('GetObject'), times: 2, do: { cutAfterBytes: MIB } })
    const info = await store.getFile('k', `${path}.out`)
    expect(info?.sha256).toBe(sha256(body))
    expect(sha256(await readFile(`${path}.out`))).toBe(sha256(body))
    const ranges = server.requests.filter(puts('GetObject')).map(({ headers }) => headers.range)
    expect(ranges).toEqual([
      undefined,
      expect.stringMatching(/^bytes=\d{6,7}-$/),
      expect.stringMatching(/^bytes=\d{7}-$/),
    ])
  })

  test('replaced while it is read: an error, never a mixture', async () => {
    const { server, store } = await setUp()
    const { path } = await file(3 * MIB)
    await store.putFile('k', path)
    server.script({ when: puts('GetObject'), times: 1, do: { cutAfterBytes: MIB } })
    server.script({
      when: ({ headers }) => headers.range !== undefined,
      times: 1,
      do: { at: 'arrival', waitFor: () => store.put('k', text('new')) },
    })
    await expect(store.getFile('k', `${path}.out`)).rejects.toMatchObject({
      code: 'STORE_FAILED',
      message: expect.stringMatching(/replaced while/),
    })
    expect(await readdir(join(path, '..'))).toEqual(['file'])
  })

  test('one flipped byte, in a file or in memory: DAMAGED', async () => {
    const { server, store } = await setUp()
    const { path } = await file(2 * MIB)
    await store.putFile('k', path)
    server.script({ when: puts('GetObject'), do: { corruptAt: 12_345 } })
    await expect(store.getFile('k', `${path}.out`)).rejects.toMatchObject({ code: 'DAMAGED' })
    await expect(store.get('k')).rejects.toMatchObject({ code: 'DAMAGED' })
    expect(await readdir(join(path, '..'))).toEqual(['file'])
  })

  test('stopped midway: nothing is left', async () => {
    const { server, store } = await setUp()
    const { path } = await file(3 * MIB)
    await store.putFile('k', path)
    const controller = new AbortController()
    const rule = server.script({ when: puts('GetObject'), do: { slow: { bytesPerSecond: MIB } } })
    const reading = store.getFile('k', `${path}.out`, { signal: controller.signal })
    await expect.poll(() => rule.hits).toBe(1)
    controller.abort()
    await expect(reading).rejects.toMatchObject({ code: 'ABORTED' })
    expect(await readdir(join(path, '..'))).toEqual(['file'])
  })
})

describe('uploads', () => {
  test('in parts, with a part that fails for a while', async () => {
    const { server, store } = await setUp({ partBytes: 5 * MIB })
    const { path, body } = await file(18 * MIB)
    server.script({ when: puts('UploadPart'), times: 2, do: { respond: { status: 500, code: 'InternalError' } } })
    await store.putFile('k', path)
    const [object] = server.objects('bucket')
    expect(object?.partCount).toBe(4)
    expect(object && sha256(await object.bytes())).toBe(sha256(body))
    expect(server.uploads('bucket')).toEqual([])
  })

  test('the answer to the last request is lost: the upload counts as done', async () => {
    const { server, store } = await setUp({ partBytes: 5 * MIB }, { forgetsCompletedUploads: true })
    const { path, body } = await file(6 * MIB)
    server.script({ when: puts('CompleteMultipartUpload'), times: 1, do: 'drop-after' })
    expect(await store.putFile('k', path)).toMatchObject({ sha256: sha256(body) })
  })

  test('a part that never arrives, and a stop midway: no part is left behind', async () => {
    const { server, store } = await setUp({ partBytes: 5 * MIB, attempts: 2 })
    const { path } = await file(18 * MIB)
    const failing = server.script({ when: puts('UploadPart'), do: { respond: { status: 500, code: 'InternalError' } } })
    await expect(store.putFile('k', path)).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' })
    expect(server.uploads('bucket')).toEqual([])
    failing.remove()

    const hanging = server.script({ when: ({ query }) => query.partNumber === '3', do: 'hang' })
    const controller = new AbortController()
    const putting = store.putFile('k', path, { signal: controller.signal })
    await hanging.reached
    controller.abort()
    await expect(putting).rejects.toMatchObject({ code: 'ABORTED' })
    expect(server.uploads('bucket')).toEqual([])
    expect(server.objects('bucket')).toEqual([])
  })

  test('stopped while the server begins an upload: waits for the answer, which names what to remove', async () => {
    const { server, store } = await setUp({ partBytes: 5 * MIB })
    const { path } = await file(18 * MIB)
    const begun = server.script({ when: puts('CreateMultipartUpload'), do: { hang: 'answer' } })
    const controller = new AbortController()
    const putting = store.putFile('k', path, { signal: controller.signal })
    await begun.reached
    expect(server.uploads('bucket')).toHaveLength(1)
    controller.abort()
    setTimeout(() => begun.release(), 100)
    await expect(putting).rejects.toMatchObject({ code: 'ABORTED' })
    expect(server.uploads('bucket')).toEqual([])
  })

  test('a server that stores trailers: stores nothing but the bytes', async () => {
    const { server, store } = await setUp({ partBytes: 5 * MIB }, { storesTrailers: true })
    const { path, body } = await file(6 * MIB)
    await store.putFile('large', path)
    await store.put('small', text('x'))
    const [large, small] = server.objects('bucket')
    expect(large && sha256(await large.bytes())).toBe(sha256(body))
    expect(small && (await small.bytes()).toString()).toBe('x')
    expect(server.requests.filter(({ headers }) => 'x-amz-trailer' in headers)).toEqual([])
  })

  test('an upload in parts: the signature covers every part', async () => {
    const { server, store } = await setUp({ partBytes: 5 * MIB })
    const { path } = await file(6 * MIB)
    await store.putFile('large', path)
    const hashes = server.requests.filter(puts('UploadPart')).map(({ headers }) => headers['x-amz-content-sha256'])
    expect(hashes).toHaveLength(2)
    for (const hash of hashes) expect(hash).toMatch(/^[0-9a-f]{64}$/)
  })

  test('encryption: requested by the probe too, because a bucket may require it', async () => {
    const { server, store } = await setUp({ encryption: { algorithm: 'AES256' } })
    server.script({
      when: ({ operation, headers }) =>
        operation === 'PutObject' && headers['x-amz-server-side-encryption'] !== 'AES256',
      do: { respond: { status: 403, code: 'AccessDenied' } },
    })
    await store.put('k', text('1'), { ifAbsent: true })
    expect(server.objects('bucket')).toHaveLength(1)
  })

  test('encryption: requested by every request that makes an object', async () => {
    const encryption = { algorithm: 'aws:kms', kmsKeyId: 'key-1' } as const
    const { server, store } = await setUp({ partBytes: 5 * MIB, copyPartBytes: 5 * MIB, encryption })
    const { path } = await file(6 * MIB)
    await store.put('a', text('x'))
    await store.putFile('b', path)
    await store.copy('a', 'c')
    await store.copy('b', 'd')
    const made = /^(PutObject|CreateMultipartUpload|CopyObject)$/
    const asked = server.requests.filter(({ operation }) => made.test(operation)).map(({ headers }) => headers)
    expect(asked).toHaveLength(4)
    for (const headers of asked) expect(headers).toMatchObject({ 'x-amz-server-side-encryption': 'aws:kms' })
  })
})

test('another object of the same size after an upload: an error', async () => {
  const { server, store } = await setUp()
  const { path } = await file(1024)
  const overwrite = () => store.put('k', new Uint8Array(1024))
  server.script({ when: puts('HeadObject'), times: 1, do: { at: 'arrival', waitFor: overwrite } })
  await expect(store.putFile('k', path)).rejects.toMatchObject({
    code: 'STORE_FAILED',
    message: expect.stringContaining('did not arrive intact'),
  })
})

describe('copies', () => {
  test('in parts, with the hash; the source gone, or replaced midway', async () => {
    const { server, store } = await setUp({ copyPartBytes: 5 * MIB, partBytes: 5 * MIB })
    const { path, body } = await file(12 * MIB)
    await store.putFile('50%25/k', path)
    expect(await store.copy('50%25/k', 'to')).toMatchObject({ size: 12 * MIB, sha256: sha256(body) })
    expect(server.requests.filter(puts('UploadPartCopy'))).toHaveLength(3)
    expect(await store.copy('no/such', 'to')).toBeNull()

    server.script({
      when: puts('UploadPartCopy'),
      times: 1,
      do: { at: 'arrival', waitFor: () => store.delete('50%25/k') },
    })
    expect(await store.copy('50%25/k', 'other')).toBeNull()
    expect(server.uploads('bucket')).toEqual([])
    expect(await store.head('other')).toBeNull()
  })
})

describe('wrong settings, each with one clear error', () => {
  const denied: readonly [string, Partial<S3StoreOptions>, RegExp][] = [
    [
      'a wrong secret',
      { credentials: { ...TEST_CREDENTIAL, secretAccessKey: 'a wrong secret' } },
      /AWS_SECRET_ACCESS_KEY/,
    ],
    ['an unknown key', { credentials: { ...TEST_CREDENTIAL, accessKeyId: 'AKIAUNKNOWN' } }, /AWS_ACCESS_KEY_ID/],
  ]
  test.each(denied)('%s', async (_, options, hint) => {
    const { store } = await setUp(options)
    const error = await store.get('k').catch((reason) => reason)
    expect(error).toMatchObject({ code: 'STORE_DENIED', hint: expect.stringMatching(hint) })
    expect(`${error.message} ${error.hint}`).not.toContain(options.credentials?.secretAccessKey)
  })

  test('an expired session; missing rights, also to list', async () => {
    const temporary: S3Credential = {
      ...TEST_CREDENTIAL,
      accessKeyId: 'T',
      sessionToken: 'token',
      expiresAt: new Date(0),
    }
    const { store } = await setUp({ credentials: temporary }, { credentials: [temporary] })
    await expect(store.get('k')).rejects.toMatchObject({ code: 'STORE_DENIED', hint: expect.stringMatching(/expired/) })

    const noList: S3Credential = { ...TEST_CREDENTIAL, deny: (action) => action === 's3:ListBucket' }
    const { store: blind } = await setUp({}, { credentials: [noList] })
    await blind.put('k', text('x'))
    expect((await blind.get('k'))?.body).toEqual(Buffer.from('x'))
    await expect(blind.get('missing')).rejects.toMatchObject({
      code: 'STORE_DENIED',
      hint: expect.stringMatching(/s3:ListBucket/),
    })
  })

  test('no bucket, no server, no such host, http for https', async () => {
    const { server, store } = await setUp({ bucket: 'another' })
    await expect(store.get('k')).rejects.toMatchObject({
      code: 'STORE_FAILED',
      message: expect.stringMatching(/NoSuchBucket/),
    })
    const at = (endpoint: string) => setUp({ endpoint, attempts: 1 }).then((made) => made.store.get('k'))
    await expect(at('http://127.0.0.1:1')).rejects.toMatchObject({
      code: 'STORE_UNREACHABLE',
      message: expect.stringMatching(/ECONNREFUSED/),
    })
    await expect(at('http://no-such-host.invalid')).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' })
    await expect(at(server.url.replace('http:', 'https:'))).rejects.toMatchObject({
      code: 'STORE_UNREACHABLE',
      hint: expect.stringMatching(/http instead of https/),
    })
  })

  test('neither a region nor an endpoint: CONFIG_INVALID', async () => {
    const store = s3Store({ bucket: 'bucket', credentials: TEST_CREDENTIAL, profile: 'none' })
    await expect(store.get('k')).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      hint: expect.stringMatching(/S3_REGION/),
    })
  })

  test('an invalid bucket, prefix, endpoint or proxy: refused before any request', () => {
    for (const wrong of [{ bucket: 'a/b' }, { prefix: 'a b' }, { endpoint: 'localhost:9000' }, { proxy: 'proxy:3128' }])
      expect(() => s3Store({ bucket: 'bucket', ...wrong })).toThrowError(
        expect.objectContaining({ code: 'CONFIG_INVALID' }),
      )
  })
})

test('through a proxy', async () => {
  const { server } = await setUp()
  const seen: string[] = []
  const proxy: Server = createServer((request, response) => {
    seen.push(request.url ?? '')
    const url = new URL(request.url ?? '')
    const socket = connect(Number(url.port), url.hostname, () => {
      const head = [`${request.method} ${url.pathname}${url.search} HTTP/1.1`]
      for (let i = 0; i < request.rawHeaders.length; i += 2)
        head.push(`${request.rawHeaders[i]}: ${request.rawHeaders[i + 1]}`)
      socket.write(`${head.join('\r\n')}\r\n\r\n`)
      request.pipe(socket)
    })
    socket.pipe(response.socket as NodeJS.WritableStream)
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void proxy.close())
  const store = s3Store({
    bucket: 'bucket',
    endpoint: server.url,
    credentials: TEST_CREDENTIAL,
    proxy: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
  })
  await store.put('k', text('x'))
  expect(seen).toEqual([`${server.url}/bucket/k?x-id=PutObject`])
})
