import dns from 'node:dns'
import { startS3Server } from '@dwh/s3-server'
import { afterAll, beforeAll, vi } from 'vitest'
import { s3Store } from './index.ts'
import { storeContract } from './testing/index.ts'

let server: Awaited<ReturnType<typeof startS3Server>>
beforeAll(async () => {
  server = await startS3Server()
  resolveLocalhost()
})
afterAll(() => server.close())

/** Names below `localhost` are this machine (RFC 6761), which not every resolver knows. */
function resolveLocalhost(): void {
  const { lookup } = dns
  vi.spyOn(dns, 'lookup').mockImplementation(((host: string, ...rest: never[]) =>
    (lookup as (...args: unknown[]) => void)(
      host.endsWith('.localhost') ? 'localhost' : host,
      ...rest,
    )) as typeof lookup)
}

let buckets = 0
for (const pathStyle of [true, false]) {
  storeContract(`a bucket, ${pathStyle ? 'path' : 'virtual-host'} style`, async () => {
    buckets += 1
    const bucket = `bucket-${buckets}`
    server.createBucket(bucket)
    const { accessKeyId, secretAccessKey } = server.credential
    const endpoint = `http://localhost:${server.port}`
    const open = () =>
      s3Store({ bucket, prefix: 'data/ware', endpoint, pathStyle, credentials: { accessKeyId, secretAccessKey } })
    return { store: open(), reopen: open }
  })
}
