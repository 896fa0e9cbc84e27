import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { Readable } from 'node:stream'
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  type CompleteMultipartUploadCommandInput,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  PutObjectCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { expect, test } from 'vitest'
import { failureOf, testClient, testServer } from './client.test-support.ts'
import type { S3ServerOptions } from './index.ts'

const Bucket = 'house'
const md5 = (bytes: string | Buffer) => createHash('md5').update(bytes).digest()

async function house(options: S3ServerOptions = {}) {
  const server = await testServer({ minPartBytes: 5, ...options })
  const client = testClient(server)
  const begin = async (Key = 'key', change: object = {}) => {
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key, ...change }))
    return { Bucket, Key, UploadId }
  }
  const part = (upload: object, PartNumber: number, Body: string) =>
    client.send(
      new UploadPartCommand({ ...(upload as { Bucket: string; Key: string; UploadId: string }), PartNumber, Body }),
    )
  const complete = (upload: object, parts: [number, string | undefined][], change: object = {}) =>
    client.send(
      new CompleteMultipartUploadCommand({
        ...(upload as CompleteMultipartUploadCommandInput),
        MultipartUpload: { Parts: parts.map(([PartNumber, ETag]) => ({ PartNumber, ETag })) },
        ...change,
      }),
    )
  return { server, client, begin, part, complete }
}

test('parts in any order, one sent twice, one left out of Complete', async () => {
  const { server, client, begin, part, complete } = await house()
  const upload = await begin('key', { Metadata: { a: '1' }, ServerSideEncryption: 'AES256' })
  const third = await part(upload, 3, '!')
  await part(upload, 1, 'wrong')
  const first = await part(upload, 1, 'hello')
  await part(upload, 2, 'nobody wants it')
  expect(server.uploads(Bucket)[0]?.parts.map(({ number, size }) => [number, size])).toEqual([
    [1, 5],
    [2, 15],
    [3, 1],
  ])
  const parts = await client.send(new ListPartsCommand({ ...upload, MaxParts: 2 }))
  expect(parts.Parts?.map((each) => each.PartNumber)).toEqual([1, 2])
  expect(parts).toMatchObject({ IsTruncated: true, NextPartNumberMarker: '2' })
  const done = await complete(upload, [
    [1, first.ETag],
    [3, third.ETag],
  ])
  const etag = createHash('md5').update(md5('hello')).update(md5('!')).digest('hex')
  expect(done.ETag).toBe(`"${etag}-2"`)
  expect(server.uploads(Bucket)).toEqual([])
  expect(server.objects(Bucket)).toMatchObject([{ key: 'key', size: 6, metadata: { a: '1' }, partCount: 2 }])
  const second = await client.send(new GetObjectCommand({ Bucket, Key: 'key', PartNumber: 2 }))
  expect([await second.Body?.transformToString(), second.PartsCount, second.ContentRange]).toEqual([
    '!',
    2,
    'bytes 5-5/6',
  ])
  await client.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: 'house/key' }))
  const copy = await client.send(new HeadObjectCommand({ Bucket, Key: 'copy' }))
  expect(copy.ETag).toBe(`"${md5('hello!').toString('hex')}"`)
})

test('Complete with wrong parts: rejected, and the upload still exists', async () => {
  const { server, begin, part, complete } = await house()
  const upload = await begin()
  const first = (await part(upload, 1, 'four')).ETag
  const second = (await part(upload, 2, 'more')).ETag
  expect(
    await failureOf(
      complete(upload, [
        [1, first],
        [2, second],
      ]),
    ),
  ).toBe('EntityTooSmall 400')
  expect(
    await failureOf(
      complete(upload, [
        [2, second],
        [1, first],
      ]),
    ),
  ).toBe('InvalidPartOrder 400')
  expect(await failureOf(complete(upload, [[1, '"other"']]))).toBe('InvalidPart 400')
  expect(await failureOf(complete(upload, [[3, first]]))).toBe('InvalidPart 400')
  expect(await failureOf(complete({ ...upload, UploadId: 'no' }, [[1, first]]))).toBe('NoSuchUpload 404')
  expect(await failureOf(complete({ ...upload, Key: 'other' }, [[1, first]]))).toBe('NoSuchUpload 404')
  expect(await failureOf(complete(upload, []))).toBe('MalformedXML 400')
  expect(await failureOf(complete(upload, [[1, first]], { IfMatch: '"any"' }))).toBe('NoSuchKey 404')
  expect(await failureOf(complete(upload, [[1, first]], { MpuObjectSize: 5 }))).toBe('InvalidRequest 400')
  expect(server.uploads(Bucket)).toHaveLength(1)
  expect(await failureOf(part(upload, 10_001, 'x'))).toBe('InvalidArgument 400')
  expect(await failureOf(part({ ...upload, UploadId: 'no' }, 1, 'x'))).toBe('NoSuchUpload 404')
  expect(await failureOf(complete(upload, [[1, first]], { IfNoneMatch: '*' }))).toBe('no failure')
})

test('two uploads of one key: the second to complete fails by If-None-Match', async () => {
  const { server, begin, part, complete } = await house()
  const uploads = [await begin(), await begin()]
  const [a, b] = await Promise.all(uploads.map((upload, index) => part(upload, 1, `upload ${index}`)))
  await complete(uploads[1] as object, [[1, b?.ETag]], { IfNoneMatch: '*' })
  expect(await failureOf(complete(uploads[0] as object, [[1, a?.ETag]], { IfNoneMatch: '*' }))).toBe(
    'PreconditionFailed 412',
  )
  expect((await server.objects(Bucket)[0]?.bytes())?.toString()).toBe('upload 1')
  expect(server.uploads(Bucket)).toHaveLength(1)
})

test('Complete repeated: the same answer, or NoSuchUpload as on MinIO', async () => {
  for (const forgetsCompletedUploads of [false, true]) {
    const { begin, part, complete } = await house({ forgetsCompletedUploads })
    const upload = await begin()
    const { ETag } = await part(upload, 1, 'x')
    await complete(upload, [[1, ETag]])
    expect(await failureOf(complete(upload, [[1, ETag]]))).toBe(
      forgetsCompletedUploads ? 'NoSuchUpload 404' : 'no failure',
    )
  }
})

test('aborted while a part is being sent', async () => {
  const { server, client, begin, part } = await house()
  const upload = await begin()
  const held = server.script({ when: (request) => request.operation === 'UploadPart', do: { hang: 'effect' } })
  const late = failureOf(part(upload, 1, 'late'))
  await held.reached
  await client.send(new AbortMultipartUploadCommand(upload))
  held.release()
  expect(await late).toBe('NoSuchUpload 404')
  expect(await failureOf(client.send(new AbortMultipartUploadCommand(upload)))).toBe('NoSuchUpload 404')
  expect(server.uploads(Bucket)).toEqual([])
})

test('parts copied from ranges of an object that is then deleted', async () => {
  const { server, client, begin, complete } = await house()
  await client.send(new PutObjectCommand({ Bucket, Key: 'from', Body: '0123456789' }))
  const upload = await begin()
  const copy = (PartNumber: number, range: object) =>
    client.send(new UploadPartCopyCommand({ ...upload, PartNumber, CopySource: 'house/from', ...range }))
  const first = await copy(1, { CopySourceRange: 'bytes=5-9' })
  const second = await copy(2, {})
  expect(await failureOf(copy(3, { CopySourceRange: 'bytes=5-10' }))).toBe('InvalidArgument 400')
  expect(await failureOf(copy(3, { CopySourceRange: 'bytes=5-' }))).toBe('InvalidArgument 400')
  await client.send(new PutObjectCommand({ Bucket, Key: 'from', Body: 'gone' }))
  await complete(upload, [
    [1, first.CopyPartResult?.ETag],
    [2, second.CopyPartResult?.ETag],
  ])
  const object = server.objects(Bucket).find((each) => each.key === 'key')
  expect((await object?.bytes())?.toString()).toBe('567890123456789')
})

test.each([
  ['COMPOSITE', '1Fu2mQ==-2'],
  ['FULL_OBJECT', 'DUoRhQ=='],
] as const)('the checksum of two parts, %s', async (ChecksumType, expected) => {
  const { client, begin, part, complete } = await house()
  const upload = await begin('key', { ChecksumAlgorithm: 'CRC32', ChecksumType })
  const first = await part(upload, 1, 'hello ')
  const second = await part(upload, 2, 'world')
  const parts: [number, string | undefined][] = [
    [1, first.ETag],
    [2, second.ETag],
  ]
  expect(await failureOf(complete(upload, parts, { ChecksumCRC32: 'AAAAAA==' }))).toBe('BadDigest 400')
  expect(await complete(upload, parts)).toMatchObject({ ChecksumType, ChecksumCRC32: expected })
  const { Body, ChecksumCRC32 } = await client.send(
    new GetObjectCommand({ Bucket, Key: 'key', ChecksumMode: 'ENABLED' }),
  )
  expect([await Body?.transformToString(), ChecksumCRC32]).toEqual(['hello world', expected])
})

test('ListMultipartUploads: by key, in pages', async () => {
  const { client, begin } = await house()
  for (const key of ['b', 'a/1', 'a/2', 'b', 'c']) await begin(key)
  const list = async (input: object) => {
    const { Uploads = [], CommonPrefixes = [] } = await client.send(
      new ListMultipartUploadsCommand({ Bucket, ...input }),
    )
    return [...Uploads.map((each) => each.Key), ...CommonPrefixes.map((each) => `${each.Prefix}*`)]
  }
  expect(await list({})).toEqual(['a/1', 'a/2', 'b', 'b', 'c'])
  expect(await list({ Prefix: 'a' })).toEqual(['a/1', 'a/2'])
  expect(await list({ Delimiter: '/' })).toEqual(['b', 'b', 'c', 'a/*'])
  const page = await client.send(new ListMultipartUploadsCommand({ Bucket, MaxUploads: 3 }))
  expect(page).toMatchObject({ IsTruncated: true, NextKeyMarker: 'b' })
  expect(await list({ KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker })).toEqual(['b', 'c'])
  expect(await list({ KeyMarker: 'b' })).toEqual(['c'])
})

test('lib-storage: a stream of 12 MiB, copied and overwritten, leaves no file in the folder', async () => {
  const { server, client } = await house({ minPartBytes: 5 * 1024 ** 2 })
  const bytes = Buffer.alloc(12 * 1024 ** 2, 'abcdefghijklm')
  const Body = Readable.from(pieces(bytes, 100_000))
  const done = await new Upload({ client, params: { Bucket, Key: 'big', Body }, partSize: 5 * 1024 ** 2 }).done()
  expect(done.ETag).toMatch(/-3"$/)
  const { Body: read } = await client.send(new GetObjectCommand({ Bucket, Key: 'big' }))
  expect(md5(Buffer.from((await read?.transformToByteArray()) ?? []))).toEqual(md5(bytes))
  const across = { Bucket, Key: 'big', Range: `bytes=${5 * 1024 ** 2 - 3}-${5 * 1024 ** 2 + 2}` }
  const { Body: six } = await client.send(new GetObjectCommand(across))
  const at = 5 * 1024 ** 2 - 3
  expect(await six?.transformToString()).toBe(bytes.toString('latin1', at, at + 6))
  expect(await files(server.folder)).toBe(3)
  await client.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: 'house/big' }))
  await client.send(new PutObjectCommand({ Bucket, Key: 'big', Body: 'small' }))
  expect(await files(server.folder)).toBe(3)
  await client.send(new PutObjectCommand({ Bucket, Key: 'copy', Body: 'small' }))
  await expect.poll(() => files(server.folder)).toBe(0)
})

function* pieces(bytes: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function files(path: string): Promise<number> {
  return (await readdir(path)).length
}
