import { createHash } from 'node:crypto'
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketLocationCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { describe, expect, test } from 'vitest'
import { failureOf, testClient, testServer } from './client.test-support.ts'
import { sendRaw, signedFetch, signHeaders } from './signed.test-support.ts'

const Bucket = 'house'

describe('put, get, head, delete', () => {
  test('bytes, metadata, types and encryption: returned as written', async () => {
    const server = await testServer()
    const client = testClient(server)
    const Key = "a b/ü+c(1)!'*&<>\u{1f600}.txt"
    const put = await client.send(
      new PutObjectCommand({
        Bucket,
        Key,
        Body: 'hello',
        ContentType: 'text/plain',
        CacheControl: 'no-cache',
        Metadata: { run: '7', name: 'für' },
        ServerSideEncryption: 'AES256',
      }),
    )
    expect(put.ETag).toBe(`"${createHash('md5').update('hello').digest('hex')}"`)
    expect(put.ServerSideEncryption).toBe('AES256')
    expect(put.ChecksumCRC32).toBe('NhCmhg==')
    const get = await client.send(new GetObjectCommand({ Bucket, Key }))
    expect(await get.Body?.transformToString()).toBe('hello')
    expect(get).toMatchObject({ ContentType: 'text/plain', CacheControl: 'no-cache', ServerSideEncryption: 'AES256' })
    expect(get.Metadata?.run).toBe('7')
    const head = await client.send(new HeadObjectCommand({ Bucket, Key }))
    expect(head).toMatchObject({ ContentLength: 5, ETag: put.ETag, AcceptRanges: 'bytes' })
    expect(server.objects(Bucket)).toMatchObject([
      { key: Key, size: 5, metadata: { run: '7' }, encryption: { 'x-amz-server-side-encryption': 'AES256' } },
    ])
    await client.send(new DeleteObjectCommand({ Bucket, Key }))
    await client.send(new DeleteObjectCommand({ Bucket, Key }))
    expect(server.objects(Bucket)).toEqual([])
    expect(
      server.requests.map((request) => [request.operation, request.status, request.bytesIn, request.bytesOut]),
    ).toEqual([
      ['PutObject', 200, 5, 0],
      ['GetObject', 200, 0, 5],
      ['HeadObject', 200, 0, 0],
      ['DeleteObject', 204, 0, 0],
      ['DeleteObject', 204, 0, 0],
    ])
  })

  test('encryption with a KMS key: the ETag is not an MD5', async () => {
    const client = testClient(await testServer())
    const encrypted = { Bucket, Key: 'k', Body: 'hello', ServerSideEncryption: 'aws:kms', SSEKMSKeyId: 'mine' } as const
    const { ETag, SSEKMSKeyId } = await client.send(new PutObjectCommand(encrypted))
    expect(ETag).not.toContain(createHash('md5').update('hello').digest('hex'))
    expect(SSEKMSKeyId).toBe('mine')
  })

  test('ranges', async () => {
    const server = await testServer()
    const client = testClient(server)
    await client.send(new PutObjectCommand({ Bucket, Key: 'ten', Body: '0123456789' }))
    await client.send(new PutObjectCommand({ Bucket, Key: 'none', Body: '' }))
    const get = async (Range: string, Key = 'ten') => {
      const { Body, ContentRange } = await client.send(new GetObjectCommand({ Bucket, Key, Range }))
      return `${await Body?.transformToString()} ${ContentRange ?? 'whole'}`
    }
    expect(await get('bytes=2-4')).toBe('234 bytes 2-4/10')
    expect(await get('bytes=8-')).toBe('89 bytes 8-9/10')
    expect(await get('bytes=8-99')).toBe('89 bytes 8-9/10')
    expect(await get('bytes=-3')).toBe('789 bytes 7-9/10')
    expect(await get('bytes=-30')).toBe('0123456789 bytes 0-9/10')
    expect(await get('bytes=4-2')).toBe('0123456789 whole')
    expect(await get('bytes=0-1,3-4')).toBe('0123456789 whole')
    expect(await failureOf(get('bytes=10-'))).toBe('InvalidRange 416')
    expect(await failureOf(get('bytes=-0'))).toBe('InvalidRange 416')
    expect(await failureOf(get('bytes=0-', 'none'))).toBe('InvalidRange 416')
    const { ContentRange, ContentLength } = await client.send(
      new HeadObjectCommand({ Bucket, Key: 'ten', Range: 'bytes=1-2' }),
    )
    expect([ContentRange, ContentLength]).toEqual(['bytes 1-2/10', 2])
  })

  test('wrong digests: rejected', async () => {
    const server = await testServer()
    const put = (headers: Record<string, string>) =>
      signedFetch(server, { method: 'PUT', path: '/house/key', body: 'hello', headers })
    const md5 = createHash('md5').update('hello').digest('base64')
    const sha = createHash('sha256').update('hello').digest('base64')
    expect((await put({ 'content-md5': md5, 'x-amz-checksum-sha256': sha })).status).toBe(200)
    expect((await put({ 'content-md5': createHash('md5').digest('base64') })).code).toBe('BadDigest')
    expect((await put({ 'content-md5': 'abc' })).code).toBe('InvalidDigest')
    expect((await put({ 'x-amz-checksum-crc32': 'AAAAAA==' })).code).toBe('BadDigest')
    expect((await put({ 'x-amz-checksum-sha256': 'AAAAAA==' })).code).toBe('InvalidRequest')
    expect((await put({ 'x-amz-checksum-sha256': sha, 'x-amz-checksum-crc32': 'NhCmhg==' })).code).toBe(
      'InvalidRequest',
    )
  })

  test('a key too long, a body too large or without a length, a missing bucket: rejected', async () => {
    const server = await testServer({ maxPutBytes: 10 })
    const client = testClient(server)
    const put = (change: object) =>
      failureOf(client.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x', ...change })))
    expect(await put({ Key: 'ü'.repeat(513) })).toBe('KeyTooLongError 400')
    expect(await put({ Key: 'ü'.repeat(512) })).toBe('no failure')
    expect(await put({ Body: 'x'.repeat(11) })).toBe('EntityTooLarge 400')
    expect(await put({ Bucket: 'nobody' })).toBe('NoSuchBucket 404')
    const { headers } = signHeaders(server, { method: 'PUT', path: '/house/k', payloadHash: 'UNSIGNED-PAYLOAD' })
    const chunked = await sendRaw(server.port, 'PUT', '/house/k', { ...headers, 'transfer-encoding': 'chunked' }, 'x')
    expect(chunked).toMatchObject({ status: 501, code: 'NotImplemented' })
  })

  test('DeleteObjects, quiet or not, with a condition for each key', async () => {
    const server = await testServer()
    const client = testClient(server)
    for (const Key of ['a', 'b&c', 'd']) await client.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }))
    const Delete = { Objects: [{ Key: 'a' }, { Key: 'b&c' }, { Key: 'd', ETag: '"other"' }, { Key: 'missing' }] }
    const loud = await client.send(new DeleteObjectsCommand({ Bucket, Delete }))
    expect(loud.Deleted?.map((each) => each.Key)).toEqual(['a', 'b&c', 'missing'])
    expect(loud.Errors).toMatchObject([{ Key: 'd', Code: 'PreconditionFailed' }])
    const quiet = await client.send(
      new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: 'd' }], Quiet: true } }),
    )
    expect(quiet.Deleted).toBeUndefined()
    expect(server.objects(Bucket)).toEqual([])
    const unchecked = { method: 'POST', path: '/house', query: { delete: '' }, body: '<Delete/>' }
    expect((await signedFetch(server, unchecked)).code).toBe('InvalidRequest')
  })
})

describe('copies', () => {
  test('metadata is copied or replaced; the source is unchanged', async () => {
    const server = await testServer()
    const client = testClient(server)
    const from = 'a b/ü+%.txt'
    const put = new PutObjectCommand({
      Bucket,
      Key: from,
      Body: 'hello',
      Metadata: { a: '1' },
      ContentType: 'text/plain',
    })
    const { ETag } = await client.send(put)
    const CopySource = `house/${encodeURIComponent(from)}`
    const copied = await client.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource }))
    expect(copied.CopyObjectResult?.ETag).toBe(ETag)
    await client.send(
      new CopyObjectCommand({ Bucket, Key: 'new', CopySource, MetadataDirective: 'REPLACE', Metadata: { b: '2' } }),
    )
    await client.send(new DeleteObjectCommand({ Bucket, Key: from }))
    const [copy, renewed] = server.objects(Bucket)
    expect(copy).toMatchObject({ key: 'copy', metadata: { a: '1' }, headers: { 'content-type': 'text/plain' } })
    expect(renewed).toMatchObject({ key: 'new', metadata: { b: '2' } })
    expect((await copy?.bytes())?.toString()).toBe('hello')
    expect((await renewed?.bytes())?.toString()).toBe('hello')
  })

  test('conditions on source and target; a copy onto itself; a missing source', async () => {
    const server = await testServer()
    const client = testClient(server)
    const { ETag } = await client.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'x' }))
    const copy = (change: object) =>
      failureOf(client.send(new CopyObjectCommand({ Bucket, Key: 'b', CopySource: '/house/a', ...change })))
    expect(await copy({ CopySourceIfMatch: '"other"' })).toBe('PreconditionFailed 412')
    expect(await copy({ CopySourceIfNoneMatch: ETag })).toBe('PreconditionFailed 412')
    expect(await copy({ CopySourceIfMatch: ETag, IfNoneMatch: '*' })).toBe('no failure')
    expect(await copy({ IfNoneMatch: '*' })).toBe('PreconditionFailed 412')
    expect(await copy({ Key: 'a' })).toBe('InvalidRequest 400')
    expect(await copy({ Key: 'a', MetadataDirective: 'REPLACE' })).toBe('no failure')
    expect(await copy({ CopySource: 'house/missing' })).toBe('NoSuchKey 404')
    expect(await copy({ CopySource: 'nobody/a' })).toBe('NoSuchBucket 404')
  })
})

describe('buckets', () => {
  test('create, head, location', async () => {
    const server = await testServer({ region: 'eu-central-1' })
    const client = testClient(server)
    const made = { CreateBucketConfiguration: { LocationConstraint: 'eu-central-1' } } as const
    expect(await failureOf(client.send(new HeadBucketCommand({ Bucket: 'new' })))).toMatch(/404$/)
    await client.send(new CreateBucketCommand({ Bucket: 'new', ...made }))
    expect(await failureOf(client.send(new CreateBucketCommand({ Bucket: 'new', ...made })))).toBe(
      'BucketAlreadyOwnedByYou 409',
    )
    expect((await client.send(new HeadBucketCommand({ Bucket: 'new' }))).BucketRegion).toBe('eu-central-1')
    const { LocationConstraint } = await client.send(new GetBucketLocationCommand({ Bucket: 'new' }))
    expect(LocationConstraint).toBe('eu-central-1')
    expect(await failureOf(client.send(new CreateBucketCommand({ Bucket: 'Not_A_Name' })))).toBe(
      'InvalidBucketName 400',
    )
  })

  test('path style and virtual-host style, with other domains too', async () => {
    const server = await testServer({ domains: ['localhost', 's3.house.test'] })
    await testClient(server).send(new PutObjectCommand({ Bucket, Key: 'a/b', Body: 'x' }))
    for (const host of [`house.localhost:${server.port}`, 'house.s3.house.test']) {
      const { headers } = signHeaders(server, { method: 'GET', path: '/a/b', host })
      expect(await sendRaw(server.port, 'GET', '/a/b', headers)).toMatchObject({ status: 200, body: 'x' })
    }
    expect(server.requests.at(-1)).toMatchObject({ bucket: 'house', key: 'a/b' })
  })
})
