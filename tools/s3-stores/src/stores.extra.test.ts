import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { s3Store } from '@dwh/storage'
import { storeContract } from '@dwh/storage/testing'
import { suiteCount } from '@dwh/test-kit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { resolveLocalhost } from './resolve-localhost.ts'
import type { S3Store } from './start-server.ts'
import { startMinio, startOwnServer, startVersitygw } from './stores.ts'

/*
 * The contract of `ObjectStore` on real S3 servers, built from their sources. Needs Go and its module proxy, so it is a suite: not part of `npm test`.
 * `pnpm suite stores-contract` runs this, `pnpm suite stores-sheet` prints what each store supports.
 */

const START_TIMEOUT_MS = 900_000

beforeAll(resolveLocalhost)

const SERVERS = [
  { name: 'our own', start: startOwnServer, pathStyle: true },
  { name: 'versitygw 1.8.0', start: startVersitygw, pathStyle: true },
  { name: 'MinIO 2026-02-12', start: () => startMinio(), pathStyle: false },
]

describe.each(SERVERS.slice(0, suiteCount('stores-contract')))('$name', ({ name, start, pathStyle }) => {
  let server: S3Store | undefined
  let buckets = 0
  beforeAll(async () => {
    server = await start()
  }, START_TIMEOUT_MS)
  afterAll(() => server?.stop())

  async function openBucket(): Promise<ReturnType<typeof s3Store>> {
    if (!server) throw new Error(`${name} has not been started`)
    const { endpoint, credentials } = server
    buckets += 1
    const bucket = `bucket-${buckets}`
    const client = new S3Client({
      endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: credentials.accessKeyId, secretAccessKey: credentials.secretAccessKey },
      forcePathStyle: true,
    })
    await client.send(new CreateBucketCommand({ Bucket: bucket }))
    client.destroy()
    return s3Store({ bucket, prefix: 'ware', endpoint, pathStyle, credentials })
  }

  storeContract(name, async () => {
    const store = await openBucket()
    const bucket = `bucket-${buckets}`
    const reopen = () =>
      s3Store({ bucket, prefix: 'ware', endpoint: server?.endpoint, pathStyle, credentials: server?.credentials })
    return { store, reopen }
  })

  test('conditional writes are honoured, and known to be', async () => {
    const store = await openBucket()
    expect(await store.conditionalWrites?.()).toBe(true)
  })
})
