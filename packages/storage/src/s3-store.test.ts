import { randomBytes } from 'node:crypto'
import dns from 'node:dns'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startS3Server } from '@dwh/s3-server'
import { temporaryFolder } from '@dwh/test-kit'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { s3Store } from './index.ts'
import { storeContract } from './testing/index.ts'

let server: Awaited<ReturnType<typeof startS3Server>>
beforeAll(async () => {
  server = await startS3Server()
  resolveLocalhost()
})
afterAll(() => server.close())

/** Resolves names below `localhost` to this machine (RFC 6761), since not every resolver does. */
function resolveLocalhost(): void {
  const { lookup } = dns
  vi.spyOn(dns, 'lookup').mockImplementation(((host: string, ...rest: never[]) =>
    (lookup as (...args: unknown[]) => void)(
      host.endsWith('.localhost') ? 'localhost' : host,
      ...rest,
    )) as typeof lookup)
}

let buckets = 0
/** Creates a bucket; each call of the result opens a new store over it. */
function newBucket({ pathStyle }: { pathStyle: boolean }): () => ReturnType<typeof s3Store> {
  buckets += 1
  const bucket = `bucket-${buckets}`
  server.createBucket(bucket)
  const { accessKeyId, secretAccessKey } = server.credential
  const endpoint = `http://localhost:${server.port}`
  return () =>
    s3Store({ bucket, prefix: 'data/ware', endpoint, pathStyle, credentials: { accessKeyId, secretAccessKey } })
}

storeContract('a bucket, path style', async () => {
  const open = newBucket({ pathStyle: true })
  return { store: open(), reopen: open }
})

// the suite stores-contract runs the whole contract in this style
test('a bucket, virtual-host style: every kind of request finds it', async () => {
  const [store, other] = [newBucket({ pathStyle: false })(), newBucket({ pathStyle: false })()]
  const folder = await temporaryFolder()
  const large = randomBytes(9 * 1024 * 1024)
  await writeFile(join(folder, 'large'), large)
  await store.put('a~b/%C3%BC', Buffer.from('one'))
  await store.putFile('large', join(folder, 'large'))
  expect(await store.copy('large', 'copy')).not.toBeNull()
  expect(await store.copy('a~b/%C3%BC', 'moved', async () => true)).not.toBeNull()
  await expect(store.put('moved', Buffer.from('two'), { ifAbsent: true })).rejects.toMatchObject({ code: 'CONFLICT' })
  for (const key of ['large', 'a~b/%C3%BC']) await store.delete(key)
  expect(await store.head('large')).toBeNull()
  await store.getFile('copy', join(folder, 'copy'))
  expect(large.equals(await readFile(join(folder, 'copy')))).toBe(true)
  expect(Buffer.from((await store.get('moved'))?.body ?? []).toString()).toBe('one')
  const keys: string[] = []
  for await (const { key } of store.list('')) keys.push(key)
  expect(keys).toEqual(['copy', 'moved'])
  expect(await other.head('moved')).toBeNull()
})
