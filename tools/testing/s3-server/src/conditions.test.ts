import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { expect, test } from 'vitest'
import { failureOf, testClient, testServer } from './client.test-support.ts'

const Bucket = 'house'

async function house() {
  const server = await testServer()
  const client = testClient(server)
  const put = (Body: string, conditions: object = {}) =>
    client.send(new PutObjectCommand({ Bucket, Key: 'key', Body, ...conditions }))
  const content = async () => (await server.objects(Bucket)[0]?.bytes())?.toString()
  return { server, client, put, content }
}

test('conditional reads, by ETag and by time', async () => {
  const { client, put } = await house()
  const { ETag } = await put('x')
  const get = (conditions: object) =>
    failureOf(client.send(new GetObjectCommand({ Bucket, Key: 'key', ...conditions })))
  expect(await get({ IfMatch: ETag })).toBe('no failure')
  expect(await get({ IfMatch: '"other"' })).toBe('PreconditionFailed 412')
  expect(await get({ IfNoneMatch: '"other"' })).toBe('no failure')
  expect(await get({ IfNoneMatch: ETag })).toMatch(/304$/)
  expect(await get({ IfModifiedSince: new Date(Date.now() + 5000) })).toMatch(/304$/)
  expect(await get({ IfUnmodifiedSince: new Date(0) })).toBe('PreconditionFailed 412')
})

test('conditional writes and deletes: only if absent, only if unchanged', async () => {
  const { client, put, content } = await house()
  expect(await failureOf(put('0', { IfMatch: '"any"' }))).toBe('NoSuchKey 404')
  const { ETag } = await put('1', { IfNoneMatch: '*' })
  expect(await failureOf(put('2', { IfNoneMatch: '*' }))).toBe('PreconditionFailed 412')
  expect(await failureOf(put('2', { IfMatch: '"other"' }))).toBe('PreconditionFailed 412')
  await put('2', { IfMatch: ETag })
  expect(await content()).toBe('2')
  expect(await failureOf(put('3', { IfNoneMatch: '"etag"' }))).toBe('NotImplemented 501')
  const remove = (IfMatch: string) => failureOf(client.send(new DeleteObjectCommand({ Bucket, Key: 'key', IfMatch })))
  expect(await remove('"other"')).toBe('PreconditionFailed 412')
  expect(await remove('*')).toBe('no failure')
})

test('two creations race: the first to take effect wins, whichever came first', async () => {
  const { server, put, content } = await house()
  const held = server.script({ when: () => true, times: 1, do: { hang: 'effect' } })
  const first = failureOf(put('first', { IfNoneMatch: '*' }))
  await held.reached
  expect(await failureOf(put('second', { IfNoneMatch: '*' }))).toBe('no failure')
  held.release()
  expect(await first).toBe('PreconditionFailed 412')
  expect(await content()).toBe('second')
})

test('a conditional write in progress, its key is deleted meanwhile: a conflict', async () => {
  const { server, client, put } = await house()
  const { ETag } = await put('x')
  const held = server.script({ when: (request) => request.method === 'PUT', times: 1, do: { hang: 'effect' } })
  const write = failureOf(put('y', { IfMatch: ETag }))
  await held.reached
  await client.send(new DeleteObjectCommand({ Bucket, Key: 'key' }))
  held.release()
  expect(await write).toBe('ConditionalRequestConflict 409')
})

test('twenty writers, one counter: no count is lost', async () => {
  const { server, client, put, content } = await house()
  await put('0')
  const increment = async (): Promise<void> => {
    const { Body, ETag } = await client.send(new GetObjectCommand({ Bucket, Key: 'key' }))
    const next = String(Number(await Body?.transformToString()) + 1)
    const failure = await failureOf(put(next, { IfMatch: ETag }))
    if (failure === 'PreconditionFailed 412') return increment()
    expect(failure).toBe('no failure')
  }
  await Promise.all(Array.from({ length: 20 }, increment))
  expect(await content()).toBe('20')
  expect(server.requests.some((request) => request.status === 412)).toBe(true)
})
