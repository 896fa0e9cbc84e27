import {
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  PutObjectCommand,
  paginateListObjectsV2,
} from '@aws-sdk/client-s3'
import { expect, test } from 'vitest'
import { failureOf, testClient, testServer } from './client.test-support.ts'

const Bucket = 'house'

async function bucketWith(keys: readonly string[]) {
  const server = await testServer()
  const client = testClient(server)
  for (const Key of keys) await client.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }))
  const list = (input: Partial<ListObjectsV2CommandInput> = {}) =>
    client.send(new ListObjectsV2Command({ Bucket, ...input }))
  const all = async (input: Partial<ListObjectsV2CommandInput> = {}) => {
    const pages: string[][] = []
    for await (const page of paginateListObjectsV2({ client }, { Bucket, ...input })) {
      expect(page.KeyCount).toBe((page.Contents?.length ?? 0) + (page.CommonPrefixes?.length ?? 0))
      pages.push([
        ...(page.Contents ?? []).map((each) => each.Key as string),
        ...(page.CommonPrefixes ?? []).map((each) => `${each.Prefix}*`),
      ])
    }
    return pages
  }
  return { server, client, list, all }
}

test('order: by UTF-8 bytes, for each size of a page', async () => {
  const keys = ['\u{1f600}', '\uffee', 'ü', 'a', 'B', 'a/b', 'a0', 'a.b', '~', '\u{10000}']
  const { all } = await bucketWith(keys)
  const sorted = [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  for (const MaxKeys of [1, 2, 3, 10, 1000]) expect((await all({ MaxKeys })).flat()).toEqual(sorted)
})

test('prefixes, delimiters, and pages that end between common prefixes', async () => {
  const { all } = await bucketWith(['a/1', 'a/2', 'a/b/3', 'a0', 'b', 'c/1', 'c/2', 'd//1'])
  expect(await all({ Prefix: 'a/' })).toEqual([['a/1', 'a/2', 'a/b/3']])
  expect(await all({ Delimiter: '/' })).toEqual([['a0', 'b', 'a/*', 'c/*', 'd/*']])
  expect(await all({ Delimiter: '/', MaxKeys: 2 })).toEqual([['a0', 'a/*'], ['b', 'c/*'], ['d/*']])
  expect(await all({ Delimiter: '/', MaxKeys: 1 })).toEqual([['a/*'], ['a0'], ['b'], ['c/*'], ['d/*']])
  expect(await all({ Delimiter: '/', Prefix: 'a/' })).toEqual([['a/1', 'a/2', 'a/b/*']])
  expect(await all({ Delimiter: '/', Prefix: 'd' })).toEqual([['d/*']])
  expect(await all({ Prefix: 'z' })).toEqual([[]])
})

test('start-after, max-keys of 0 and too large, and invalid tokens', async () => {
  const { all, list } = await bucketWith(['a', 'b', 'c'])
  expect(await all({ StartAfter: 'a' })).toEqual([['b', 'c']])
  expect(await all({ StartAfter: 'a', MaxKeys: 1 })).toEqual([['b'], ['c']])
  expect(await all({ StartAfter: 'aa', Prefix: 'b' })).toEqual([['b']])
  expect(await list({ MaxKeys: 0 })).toMatchObject({ IsTruncated: false, KeyCount: 0 })
  expect(await list({ MaxKeys: 5000 })).toMatchObject({ MaxKeys: 1000, IsTruncated: false })
  expect(await failureOf(list({ ContinuationToken: 'no' }))).toBe('InvalidArgument 400')
  expect(await failureOf(list({ MaxKeys: -1 }))).toBe('InvalidArgument 400')
  expect(await failureOf(list({ Bucket: 'nobody' }))).toBe('NoSuchBucket 404')
})

test('keys that XML cannot contain: URL-encoded', async () => {
  const { list } = await bucketWith(['a b/c+d&\u0001ü'])
  const { Contents, EncodingType } = await list({ EncodingType: 'url' })
  expect(EncodingType).toBe('url')
  expect(Contents?.[0]?.Key).toBe('a+b/c%2Bd%26%01%C3%BC')
})
