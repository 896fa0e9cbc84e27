import {
  CopyObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { expect, test } from 'vitest'
import { failureOf, testClient, testServer } from './client.test-support.ts'
import { TEST_CREDENTIAL } from './index.ts'

function denying(deny: (action: string, key: string) => boolean) {
  return testServer({ credentials: [TEST_CREDENTIAL, { accessKeyId: 'WEAK', secretAccessKey: 'weak', deny }] })
}
const weak = { credentials: { accessKeyId: 'WEAK', secretAccessKey: 'weak' } }

test('a missing key without s3:ListBucket: AccessDenied, not NoSuchKey', async () => {
  const server = await denying((action) => action === 's3:ListBucket')
  const client = testClient(server, weak)
  await client.send(new PutObjectCommand({ Bucket: 'house', Key: 'there', Body: 'x' }))
  await client.send(new GetObjectCommand({ Bucket: 'house', Key: 'there' }))
  const missing = { Bucket: 'house', Key: 'missing' }
  expect(await failureOf(client.send(new GetObjectCommand(missing)))).toBe('AccessDenied 403')
  expect(await failureOf(client.send(new HeadObjectCommand(missing)))).toMatch(/403$/)
  expect(await failureOf(client.send(new ListObjectsV2Command({ Bucket: 'house' })))).toBe('AccessDenied 403')
  expect(await failureOf(client.send(new HeadBucketCommand({ Bucket: 'house' })))).toMatch(/403$/)
  const copy = new CopyObjectCommand({ Bucket: 'house', Key: 'to', CopySource: 'house/missing' })
  expect(await failureOf(client.send(copy))).toBe('AccessDenied 403')
  expect(await failureOf(testClient(server).send(new GetObjectCommand(missing)))).toBe('NoSuchKey 404')
})

test('denies: by action and key', async () => {
  const asked: string[] = []
  const server = await denying((action, key) => {
    asked.push(`${action} ${key}`)
    return action === 's3:PutObject' ? !key.startsWith('mine/') : action === 's3:DeleteObject' && key === 'mine/b'
  })
  const client = testClient(server, weak)
  await client.send(new PutObjectCommand({ Bucket: 'house', Key: 'mine/a', Body: 'x' }))
  await client.send(new PutObjectCommand({ Bucket: 'house', Key: 'mine/b', Body: 'x' }))
  expect(await failureOf(client.send(new PutObjectCommand({ Bucket: 'house', Key: 'a', Body: 'x' })))).toBe(
    'AccessDenied 403',
  )
  const { Deleted, Errors } = await client.send(
    new DeleteObjectsCommand({ Bucket: 'house', Delete: { Objects: [{ Key: 'mine/a' }, { Key: 'mine/b' }] } }),
  )
  expect(Deleted?.map((each) => each.Key)).toEqual(['mine/a'])
  expect(Errors).toMatchObject([{ Key: 'mine/b', Code: 'AccessDenied' }])
  expect(asked).toContain('s3:DeleteObject mine/b')
})

test('a write with If-Match without s3:GetObject: AccessDenied', async () => {
  const server = await denying((action) => action === 's3:GetObject')
  const client = testClient(server, weak)
  const { ETag } = await client.send(new PutObjectCommand({ Bucket: 'house', Key: 'a', Body: 'x' }))
  const put = new PutObjectCommand({ Bucket: 'house', Key: 'a', Body: 'y', IfMatch: ETag })
  expect(await failureOf(client.send(put))).toBe('AccessDenied 403')
  expect(await failureOf(testClient(server).send(put))).toBe('no failure')
})
