import { readdir } from 'node:fs/promises'
import { request } from 'node:http'
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { describe, expect, test } from 'vitest'
import { failureOf, testClient, testServer } from './client.test-support.ts'
import type { Fault, RecordedRequest } from './index.ts'
import { presign, replyOf } from './signed.test-support.ts'

const Bucket = 'house'
const is =
  (operation: string) =>
  (asked: RecordedRequest): boolean =>
    asked.operation === operation

function put(client: S3Client, Body: string | Buffer, change: object = {}) {
  return client.send(new PutObjectCommand({ Bucket, Key: 'key', Body, ...change }))
}

async function house() {
  const server = await testServer()
  return { server, client: testClient(server) }
}

/** Reads 1 MiB with a fault, by fetch, since the SDK would hide how the read ended. */
async function readWith(fault: Fault) {
  const { server, client } = await house()
  const bytes = Buffer.alloc(1024 * 1024, 'x')
  await put(client, bytes)
  server.script({ when: is('GetObject'), times: 1, do: fault })
  const response = await fetch(presign(server, { method: 'GET', path: '/house/key', seconds: 60 }))
  const received: Uint8Array[] = []
  let ended = true
  try {
    for await (const chunk of response.body ?? []) received.push(chunk)
  } catch {
    ended = false
  }
  return { ended, received: Buffer.concat(received), response, server, bytes }
}

describe('answers', () => {
  test('respond: answers as often as scripted, and does nothing', async () => {
    const { server, client } = await house()
    const rule = server.script({
      when: is('PutObject'),
      times: 2,
      do: { respond: { status: 503, code: 'SlowDown', headers: { 'retry-after': '7' } } },
    })
    const url = presign(server, { method: 'PUT', path: '/house/key', seconds: 60 })
    const response = await fetch(url, { method: 'PUT', body: 'x' })
    expect(response.headers.get('retry-after')).toBe('7')
    expect(await replyOf(response)).toMatchObject({ status: 503, code: 'SlowDown' })
    expect(await failureOf(put(client, 'x'))).toBe('SlowDown 503')
    expect(server.objects(Bucket)).toEqual([])
    await put(client, 'x')
    expect(rule.hits).toBe(2)
    expect(server.requests.map(({ status, code }) => [status, code])).toEqual([
      [503, 'SlowDown'],
      [503, 'SlowDown'],
      [200, null],
    ])
  })

  test('the SDK: retries by itself', async () => {
    const { server } = await house()
    server.script({ when: is('PutObject'), times: 1, do: { respond: { status: 500, code: 'InternalError' } } })
    server.script({ when: is('PutObject'), times: 1, do: 'drop-before' })
    await put(testClient(server, { maxAttempts: 3 }), 'x')
    expect(server.requests.map(({ status }) => status)).toEqual([500, null, 200])
  })

  test('respond with 200 and a code: an error inside a success', async () => {
    const { server, client } = await house()
    server.script({ when: is('CopyObject'), do: { respond: { status: 200, code: 'InternalError' } } })
    const copy = client.send(new CopyObjectCommand({ Bucket, Key: 'to', CopySource: 'house/from' }))
    expect(await failureOf(copy)).toMatch(/^InternalError/)
  })
})

describe('sockets', () => {
  test('drop-before: nothing was done', async () => {
    const { server, client } = await house()
    server.script({ when: is('PutObject'), do: 'drop-before' })
    expect(await failureOf(put(client, Buffer.alloc(5_000_000)))).not.toBe('no failure')
    expect(server.objects(Bucket)).toEqual([])
    expect(server.requests[0]).toMatchObject({ status: null, bytesIn: 0 })
  })

  test('drop-after: done, but not answered', async () => {
    const { server, client } = await house()
    server.script({ when: is('PutObject'), times: 1, do: 'drop-after' })
    expect(await failureOf(put(client, 'x', { IfNoneMatch: '*' }))).not.toBe('no failure')
    expect(server.objects(Bucket)).toHaveLength(1)
    expect(server.requests[0]).toMatchObject({ status: null, bytesIn: 1 })
    expect(await failureOf(put(client, 'x', { IfNoneMatch: '*' }))).toBe('PreconditionFailed 412')
  })

  test.each([0, 1, 300_000])('cutAfterBytes: the body ends after %i bytes', async (cutAfterBytes) => {
    const { ended, received, response, server } = await readWith({ cutAfterBytes })
    expect(ended).toBe(false)
    expect(response.headers.get('content-length')).toBe(String(1024 * 1024))
    expect(received.length).toBe(cutAfterBytes)
    expect(server.requests.at(-1)?.bytesOut).toBe(cutAfterBytes)
  })

  test('a client leaves during its upload: nothing is stored', async () => {
    const { server } = await house()
    const url = presign(server, { method: 'PUT', path: '/house/key', seconds: 60 })
    const upload = request(url, { method: 'PUT', headers: { 'content-length': '9000000' } })
    const ended = new Promise((resolve) => upload.on('error', resolve))
    upload.write(Buffer.alloc(3_000_000))
    await expect.poll(() => server.requests[0]?.bytesIn).toBe(3_000_000)
    expect(await readdir(server.folder)).toHaveLength(1)
    upload.destroy(new Error('the client leaves'))
    await ended
    await expect.poll(() => readdir(server.folder)).toEqual([])
    expect(server.objects(Bucket)).toEqual([])
    expect(server.requests[0]?.status).toBeNull()
  })
})

describe('bytes', () => {
  test('corruptAt: one byte differs', async () => {
    const { received, bytes } = await readWith({ corruptAt: 700_000 })
    expect(received.length).toBe(bytes.length)
    expect([...received].flatMap((byte, at) => (byte === bytes[at] ? [] : [at]))).toEqual([700_000])
  })

  test('the SDK: notices a corrupt body by its checksum', async () => {
    const { server, client } = await house()
    await put(client, 'hello')
    server.script({ when: is('GetObject'), do: { corruptAt: 2 } })
    const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: 'key' }))
    await expect(Body?.transformToString()).rejects.toThrow(/[Cc]hecksum/)
  })

  test('bandwidth and delay of the first byte', async () => {
    const start = performance.now()
    const { ended, received, bytes } = await readWith({ slow: { bytesPerSecond: 5 * 1024 * 1024, firstByteMs: 50 } })
    expect(ended).toBe(true)
    expect(received.equals(bytes)).toBe(true)
    expect(performance.now() - start).toBeGreaterThan(200)
  })
})

describe('waiting', () => {
  test('hang: until it is released', async () => {
    const { server, client } = await house()
    const rule = server.script({ when: is('PutObject'), do: 'hang' })
    const waiting = put(client, 'x')
    expect(await rule.reached).toMatchObject({ operation: 'PutObject', key: 'key', status: null })
    expect(server.objects(Bucket)).toEqual([])
    rule.release()
    await waiting
    expect(server.objects(Bucket)).toHaveLength(1)
  })

  test('hang: after the client left, nothing is done', async () => {
    const { server, client } = await house()
    const rule = server.script({ when: is('PutObject'), times: 1, do: { hang: 'effect' } })
    const abort = new AbortController()
    const command = new PutObjectCommand({ Bucket, Key: 'key', Body: 'late' })
    const waiting = failureOf(client.send(command, { abortSignal: abort.signal }))
    await rule.reached
    abort.abort()
    expect(await waiting).toBe('AbortError')
    await put(client, 'next')
    rule.release()
    expect((await server.objects(Bucket)[0]?.bytes())?.toString()).toBe('next')
  })

  test('waitFor: the write takes effect after its client gave up', async () => {
    const { server, client } = await house()
    let go = (): void => {}
    const waitFor = new Promise<void>((resolve) => {
      go = resolve
    })
    const rule = server.script({ when: is('PutObject'), times: 1, do: { waitFor, at: 'effect' } })
    const abort = new AbortController()
    const command = new PutObjectCommand({ Bucket, Key: 'key', Body: 'ghost' })
    const given = failureOf(client.send(command, { abortSignal: abort.signal }))
    await rule.reached
    abort.abort()
    expect(await given).toBe('AbortError')
    await put(client, 'next')
    go()
    const content = async () => (await server.objects(Bucket)[0]?.bytes())?.toString()
    await expect.poll(content).toBe('ghost')
  })

  test('close: ends hanging requests', async () => {
    const { server, client } = await house()
    const rule = server.script({ when: () => true, do: 'hang' })
    const waiting = failureOf(put(client, 'x'))
    await rule.reached
    await server.close()
    expect(await waiting).not.toBe('no failure')
  })
})

describe('servers that differ from S3', () => {
  test('ignore-conditions: conditions have no effect', async () => {
    const { server, client } = await house()
    server.script({ when: () => true, do: 'ignore-conditions' })
    await put(client, '1', { IfNoneMatch: '*' })
    await put(client, '2', { IfNoneMatch: '*' })
    await put(client, '3', { IfMatch: '"other"' })
    expect((await server.objects(Bucket)[0]?.bytes())?.toString()).toBe('3')
  })

  test('staleList: lists are some writes behind', async () => {
    const { server, client } = await house()
    const list = async () => {
      const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket }))
      return Contents.map((each) => `${each.Key} ${each.Size}`)
    }
    await put(client, 'x', { Key: 'a' })
    await put(client, 'x', { Key: 'b' })
    await put(client, 'longer', { Key: 'b' })
    await client.send(new DeleteObjectCommand({ Bucket, Key: 'a' }))
    await put(client, 'x', { Key: 'c' })
    const seen: string[][] = []
    for (const staleList of [0, 1, 2, 3, 4, 5, 99]) {
      server.script({ when: is('ListObjectsV2'), times: 1, do: { staleList } })
      seen.push(await list())
    }
    expect(seen).toEqual([['b 6', 'c 1'], ['b 6'], ['a 1', 'b 6'], ['a 1', 'b 1'], ['a 1'], [], []])
  })

  test('remove: the rule has no effect any more', async () => {
    const { server, client } = await house()
    const rule = server.script({ when: () => true, do: { respond: { status: 500 } } })
    expect(await failureOf(put(client, 'x'))).toMatch(/500$/)
    rule.remove()
    await put(client, 'x')
  })
})
