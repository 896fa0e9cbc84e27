import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startS3Server } from '@dwh/s3-server'
import { temporaryFolder } from '@dwh/test-kit'
import { expect, onTestFinished, test } from 'vitest'
import { s3Store } from './index.ts'

const text = (value: string) => new TextEncoder().encode(value)

async function publicBucket() {
  const readable = new Set(['s3:GetObject', 's3:ListBucket'])
  const server = await startS3Server({ buckets: ['open'], anonymous: { deny: (action) => !readable.has(action) } })
  onTestFinished(() => server.close())
  const at = { bucket: 'open', prefix: 'w', endpoint: server.url }
  await s3Store({ ...at, credentials: server.credential }).put('a', text('x'))
  server.requests.length = 0
  return { server, at, store: s3Store({ ...at, anonymous: true }) }
}

test('a public bucket: read without credentials, signature or key', async () => {
  const { server, store } = await publicBucket()
  expect((await store.get('a'))?.body.toString()).toBe('x')
  expect(await store.head('a')).toMatchObject({ size: 1 })
  expect(await store.head('b')).toBeNull()
  for await (const { key } of store.list('')) expect(key).toBe('a')
  expect(await store.getFile('a', join(await temporaryFolder(), 'a'))).toMatchObject({ size: 1 })
  const url = (await store.presignedUrl?.('a', 60)) ?? ''
  expect(url).toBe(`${server.url}/open/w/a`)
  expect(await (await fetch(url)).text()).toBe('x')
  expect(server.requests.length).toBeGreaterThan(4)
  for (const { headers } of server.requests) expect(headers.authorization).toBeUndefined()
})

test('writes without credentials: refused before any request, with the setting', async () => {
  const { server, store } = await publicBucket()
  const path = join(await temporaryFolder(), 'file')
  await writeFile(path, 'x')
  const refusal = { code: 'CONFIG_INVALID', hint: expect.stringContaining('s3.anonymous (S3_ANONYMOUS)') }
  for (const write of [
    () => store.put('b', text('y')),
    () => store.put('b', text('y'), { ifAbsent: true }),
    () => store.putFile('b', path),
    () => store.copy('a', 'b'),
    () => store.copy('a', 'b', async () => true),
    () => store.delete('a'),
    () => store.removeUnfinished?.(new Date()),
    () => store.conditionalWrites?.(),
  ])
    await expect(write()).rejects.toMatchObject(refusal)
  expect(server.requests.filter(({ method }) => !['GET', 'HEAD'].includes(method))).toEqual([])
})

test('a private bucket without credentials: the hint says so', async () => {
  const server = await startS3Server({ buckets: ['closed'] })
  onTestFinished(() => server.close())
  const store = s3Store({ bucket: 'closed', endpoint: server.url, anonymous: true })
  await expect(store.get('a')).rejects.toMatchObject({
    code: 'STORE_DENIED',
    hint: expect.stringMatching(/not public.*s3\.anonymous \(S3_ANONYMOUS\)/),
  })
})
