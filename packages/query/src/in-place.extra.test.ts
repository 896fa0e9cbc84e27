import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { createServer, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { duckdbExtensions } from '@dwh/duckdb-extensions'
import { type S3Server, startS3Server } from '@dwh/s3-server'
import { s3Store } from '@dwh/storage'
import { temporaryFolder } from '@dwh/test-kit'
import { expect, onTestFinished, test } from 'vitest'
import { cachedFiles, openSession, type Session, verifiedInMemory } from './index.ts'
import { testWarehouse } from './test-support.ts'

const ROWS = 500_000

/** Makes a warehouse in a bucket with one table of a few MB, and opens sessions with a cache too small for it. */
async function setUp(httpfs: { readonly proxy?: string } = {}): Promise<{
  server: S3Server
  write(select: string): Promise<void>
  open(extensions?: string): Promise<Session>
}> {
  const server = await startS3Server({ buckets: ['bucket'] })
  onTestFinished(() => server.close())
  const { accessKeyId, secretAccessKey } = server.credential
  const store = s3Store({
    bucket: 'bucket',
    prefix: 'a/prefix',
    endpoint: server.url,
    credentials: { accessKeyId, secretAccessKey },
  })
  const house = await testWarehouse()
  const folder = await temporaryFolder()
  await mkdir(join(folder, 'none'))
  return {
    server,
    async write(select) {
      const entry = await house.write({ schema: 'public', name: 'big' }, select)
      for (const { key } of entry.files) await store.putFile(key, join(house.root, key))
    },
    async open(extensions) {
      const session = await openSession({
        tables: house.state.tables,
        files: cachedFiles({
          store,
          readState: async () => house.state,
          folder: join(folder, 'cache'),
          verified: verifiedInMemory(),
          maxBytes: 100_000,
        }),
        extensionDirectory: extensions ?? (await duckdbExtensions()),
        httpfs,
      })
      onTestFinished(() => session.close())
      return session
    },
  }
}

const MANY = `SELECT i AS n, md5(i::text) AS hash FROM range(${ROWS}) AS r(i)`
const SUM = 'SELECT count(*) AS n, sum(n)::BIGINT AS total FROM big'

test('a table that is larger than the cache: read in place, and only the needed parts', async () => {
  const { server, write, open } = await setUp()
  await write(MANY)
  const session = await open()
  server.requests.length = 0
  expect((await session.queryAll(SUM))?.rows).toEqual([{ n: ROWS, total: (ROWS * (ROWS - 1)) / 2 }])
  const bytes = server.requests.reduce((sum, { bytesOut }) => sum + bytesOut, 0)
  const [{ size = 0 } = {}] = server.objects('bucket')
  expect(bytes).toBeLessThan(size / 2)
})

test('without the extension: an error with the size and the two ways out', async () => {
  const { write, open } = await setUp()
  await write(MANY)
  const session = await open(await temporaryFolder())
  const error = await session.queryAll(SUM).catch((caught) => caught)
  expect(error).toMatchObject({
    code: 'CACHE_TOO_SMALL',
    hint: expect.stringMatching(/DWH_CACHE_SIZE.*DWH_EXTENSIONS/),
  })
  expect(error.message).toMatch(/\d+ bytes, cache size 100000/)
})

test('replaced while the session is open: an error that says so, never other rows', async () => {
  const { write, open } = await setUp()
  await write(MANY)
  const session = await open()
  await session.queryAll(SUM)
  await write(MANY.replace('i AS n', 'i + 1 AS n'))
  const error = await session.queryAll('SELECT sum(n), max(hash) FROM big').catch((caught) => caught)
  expect(error).toMatchObject({ code: 'QUERY_FAILED', hint: expect.stringMatching(/Run the query again/) })
  expect(error.message).not.toMatch(/X-Amz|http:/)
  expect((await (await open()).queryAll(SUM))?.rows).toEqual([{ n: ROWS, total: (ROWS * (ROWS + 1)) / 2 }])
})

test('an object without the committed hash: not read', async () => {
  const { server, write, open } = await setUp()
  await write(MANY)
  const [{ key = '', size = 0 } = {}] = server.objects('bucket')
  const { accessKeyId, secretAccessKey } = server.credential
  const other = s3Store({ bucket: 'bucket', endpoint: server.url, credentials: { accessKeyId, secretAccessKey } })
  await other.put(key, randomBytes(size))
  await expect((await open()).queryAll(SUM)).rejects.toMatchObject({ code: 'DAMAGED' })
})

test('through a proxy', async () => {
  const asked: string[] = []
  const proxy = createServer((request, response) => {
    const { hostname, port, pathname, search } = new URL(request.url ?? '')
    asked.push(pathname)
    const { method, headers } = request
    const onward = httpRequest({ hostname, port, path: `${pathname}${search}`, method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers)
      answer.pipe(response)
    })
    request.pipe(onward)
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void proxy.close())
  const { write, open } = await setUp({ proxy: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` })
  await write(MANY)
  await (await open()).queryAll(SUM)
  expect(asked.length).toBeGreaterThan(0)
})
