import { startS3Server } from '@dwh/s3-server'
import { expect, onTestFinished, test } from 'vitest'
import { s3Store } from './index.ts'

async function open(prefix = '') {
  const server = await startS3Server({ buckets: ['bucket'] })
  onTestFinished(() => server.close())
  const { accessKeyId, secretAccessKey } = server.credential
  const credentials = { accessKeyId, secretAccessKey }
  return { server, store: s3Store({ bucket: 'bucket', prefix, endpoint: server.url, credentials }) }
}

const is =
  (name: string) =>
  ({ operation }: { operation: string }) =>
    operation === name

const listOf = (...keys: string[]) =>
  `<?xml version="1.0"?><ListBucketResult>${keys
    .map((key) => `<Contents><Key>${key}</Key><Size>1</Size><ETag>"e"</ETag></Contents>`)
    .join('')}<IsTruncated>false</IsTruncated></ListBucketResult>`

test.each([
  ['out of order', ['b', 'a']],
  ['with a key twice', ['a', 'a']],
])('a list %s: an error, and no partial list', async (_, keys) => {
  const { server, store } = await open()
  server.script({ when: is('ListObjectsV2'), do: { respond: { status: 200, body: listOf(...keys) } } })
  const all = async () => {
    for await (const _ of store.list(''));
  }
  await expect(all()).rejects.toMatchObject({ code: 'STORE_FAILED', message: expect.stringContaining('list') })
})

test('a server that ignores the prefix for uploads: other uploads are left alone', async () => {
  const { server, store } = await open('mine')
  const upload = (key: string) => `<Upload><Key>${key}</Key><UploadId>u</UploadId></Upload>`
  const body = `<?xml version="1.0"?><ListMultipartUploadsResult>${[
    'mine/_dwh/stage/r1/a',
    'other/_dwh/stage/r1/a',
    'mine/_dwh/kept/r1/a',
  ]
    .map(upload)
    .join('')}<IsTruncated>false</IsTruncated></ListMultipartUploadsResult>`
  server.script({ when: is('ListMultipartUploads'), do: { respond: { status: 200, body } } })
  server.script({ when: is('AbortMultipartUpload'), do: { respond: { status: 204 } } })
  expect(await store.removeUnfinished?.(new Date())).toBe(2)
  const ended = server.requests.filter(is('AbortMultipartUpload')).map(({ key }) => key)
  expect(ended).toEqual(['mine/_dwh/stage/r1/a', 'mine/_dwh/kept/r1/a'])
})
