import { Readable } from 'node:stream'
import { crc32 } from 'node:zlib'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { describe, expect, test } from 'vitest'
import { failureOf, testClient, testServer } from './client.test-support.ts'
import type { S3Server } from './index.ts'
import { hash, hmac, sendRaw, signHeaders } from './signed.test-support.ts'

const checksum = (text: string): string => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(crc32(text))
  return bytes.toString('base64')
}

describe('STREAMING-UNSIGNED-PAYLOAD-TRAILER', () => {
  function put(server: S3Server, body: string, decodedBytes: number, trailer = 'x-amz-checksum-crc32') {
    const { headers } = signHeaders(server, {
      method: 'PUT',
      path: '/house/key',
      payloadHash: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
      headers: {
        'content-encoding': 'gzip,aws-chunked',
        'x-amz-decoded-content-length': String(decodedBytes),
        'x-amz-trailer': trailer,
      },
    })
    return sendRaw(server.port, 'PUT', '/house/key', headers, body)
  }
  const end = (text: string): string => `0\r\nx-amz-checksum-crc32:${checksum(text)}\r\n\r\n`

  test('decoded, verified, and the content encoding removed', async () => {
    const server = await testServer()
    expect(await put(server, `5\r\nhello\r\n${end('hello')}`, 5)).toMatchObject({ status: 200 })
    const [object] = server.objects('house')
    expect((await object?.bytes())?.toString()).toBe('hello')
    expect(object?.headers['content-encoding']).toBe('gzip')
    expect(object?.checksum).toEqual({ algorithm: 'crc32', value: checksum('hello'), type: 'FULL_OBJECT' })
    expect(server.requests[0]).toMatchObject({ bytesIn: 5, status: 200 })
  })

  test.each([
    ['a checksum of something else', `5\r\nhello\r\n${end('other')}`, 5, 'BadDigest'],
    ['no trailer', '5\r\nhello\r\n0\r\n\r\n', 5, 'MalformedTrailerError'],
    [
      'another trailer than announced',
      `5\r\nhello\r\n${end('hello').replace('crc32', 'sha1')}`,
      5,
      'MalformedTrailerError',
    ],
    ['fewer bytes than announced', `5\r\nhello\r\n${end('hello')}`, 6, 'IncompleteBody'],
    ['a chunk cut short', '5\r\nhel', 5, 'IncompleteBody'],
    ['no last chunk', '5\r\nhello\r\n', 5, 'IncompleteBody'],
    ['no chunk at all', 'hello', 5, 'IncompleteBody'],
    ['a small chunk before another', `2\r\nhe\r\n3\r\nllo\r\n${end('hello')}`, 5, 'InvalidChunkSizeError'],
  ])('%s', async (_, body, decodedBytes, code) => {
    const server = await testServer()
    expect((await put(server, body, decodedBytes)).code).toBe(code)
    expect(server.objects('house')).toEqual([])
  })

  test('small chunks, minimum size switched off: accepted', async () => {
    const server = await testServer({ minChunkBytes: 0 })
    expect((await put(server, `2\r\nhe\r\n3\r\nllo\r\n${end('hello')}`, 5)).status).toBe(200)
  })

  test('storesTrailers: chunk heads and trailers become part of the object', async () => {
    const server = await testServer({ storesTrailers: true })
    const body = `5\r\nhello\r\n${end('hello')}`
    expect((await put(server, body, 5)).status).toBe(200)
    expect((await server.objects('house')[0]?.bytes())?.toString()).toBe(body)
  })

  test('the SDK with a stream split at each place: accepted; chunks too small for S3: rejected', async () => {
    const server = await testServer()
    const sending = (sizes: number[]) => {
      const pieces = sizes.map((size) => Buffer.alloc(size, 'x'))
      return testClient(server).send(
        new PutObjectCommand({
          Bucket: 'house',
          Key: 'stream',
          Body: Readable.from(pieces),
          ContentLength: sizes.reduce((sum, size) => sum + size, 0),
        }),
      )
    }
    await sending([70_000, 9000, 123_456, 1])
    expect(server.objects('house')[0]?.size).toBe(202_457)
    expect(server.requests[0]?.headers['x-amz-content-sha256']).toBe('STREAMING-UNSIGNED-PAYLOAD-TRAILER')
    expect(await failureOf(sending([5, 1]))).toBe('InvalidChunkSizeError 403')
  })
})

describe('STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER', () => {
  function put(server: S3Server, tamper: (body: string) => string) {
    const data = 'a'.repeat(10_000)
    const { headers, key, time, scope, signature } = signHeaders(server, {
      method: 'PUT',
      path: '/house/key',
      payloadHash: 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
      headers: { 'x-amz-decoded-content-length': '10000', 'x-amz-trailer': 'x-amz-checksum-crc32' },
    })
    const chunk = (previous: string, text: string): string =>
      hmac(key, `AWS4-HMAC-SHA256-PAYLOAD\n${time}\n${scope}\n${previous}\n${hash('')}\n${hash(text)}`).toString('hex')
    const first = chunk(signature, data)
    const last = chunk(first, '')
    const trailer = `x-amz-checksum-crc32:${checksum(data)}`
    const end = hmac(key, `AWS4-HMAC-SHA256-TRAILER\n${time}\n${scope}\n${last}\n${hash(`${trailer}\n`)}`).toString(
      'hex',
    )
    const body = `2710;chunk-signature=${first}\r\n${data}\r\n0;chunk-signature=${last}\r\n${trailer}\r\nx-amz-trailer-signature:${end}\r\n\r\n`
    return sendRaw(server.port, 'PUT', '/house/key', headers, tamper(body))
  }

  test('each chunk and the trailer: verified', async () => {
    const server = await testServer()
    expect((await put(server, (body) => body)).status).toBe(200)
    expect(server.objects('house')[0]?.size).toBe(10_000)
    expect((await put(server, (body) => body.replace('aaa', 'aab'))).code).toBe('SignatureDoesNotMatch')
    const elsewhere = (body: string): string => body.replace(/crc32:.{6}/, 'crc32:AAAAAA')
    expect((await put(server, elsewhere)).code).toBe('SignatureDoesNotMatch')
  })
})
