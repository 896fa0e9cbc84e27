import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CreateBucketCommand, PutObjectLockConfigurationCommand, S3Client } from '@aws-sdk/client-s3'
import type { S3Store } from '@dwh/s3-stores'
import { startMinio, startOwnServer, startVersitygw } from '@dwh/s3-stores'
import { s3Store } from '@dwh/storage'
import { storeContract } from '@dwh/storage/testing'
import { temporaryFolder } from '@dwh/test-kit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { resolveLocalhost } from './resolve-localhost.ts'

/*
 * Runs the contract of `ObjectStore` on real S3 servers, built from their sources. Needs Go and its module proxy, so it
 * is a suite: not part of `npm test`. `pnpm suite stores-contract` runs this, `pnpm suite stores-sheet` prints what
 * each store supports.
 */

const START_TIMEOUT_MS = 900_000

beforeAll(resolveLocalhost)

/**
 * `lock`: the tests for a bucket with Object Lock. With versions, versitygw 1.8.0 accepts If-Match with the ETag of a
 * deleted object, so it skips the contract; our own server cannot make such a bucket by a request.
 */
const SERVERS = [
  { name: 'our own', start: startOwnServer, pathStyle: true, lock: [] },
  { name: 'our own, virtual-host style', start: startByName, pathStyle: false, lock: [] },
  { name: 'versitygw 1.8.0', start: startVersitygw, pathStyle: true, lock: ['parts'] },
  { name: 'MinIO 2026-02-12', start: () => startMinio(), pathStyle: false, lock: ['parts', 'contract'] },
]

/** Starts our own server with a host name to which a bucket can be prepended. */
async function startByName(): Promise<S3Store> {
  const own = await startOwnServer()
  return { ...own, endpoint: own.endpoint.replace('127.0.0.1', 'localhost') }
}

describe.each(SERVERS)('$name', ({ name, start, pathStyle, lock }) => {
  let server: S3Store | undefined
  let buckets = 0
  beforeAll(async () => {
    server = await start()
  }, START_TIMEOUT_MS)
  afterAll(() => server?.stop())

  /** `locked`: with Object Lock, and objects retained for a day. */
  async function openBucket({ locked = false } = {}): Promise<ReturnType<typeof s3Store>> {
    if (!server) throw new Error(`${name} did not start`)
    const { endpoint, credentials } = server
    buckets += 1
    const bucket = `bucket-${buckets}`
    const client = new S3Client({
      endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: credentials.accessKeyId, secretAccessKey: credentials.secretAccessKey },
      forcePathStyle: true,
    })
    await client.send(new CreateBucketCommand({ Bucket: bucket, ObjectLockEnabledForBucket: locked }))
    if (locked) {
      const Rule = { DefaultRetention: { Mode: 'GOVERNANCE', Days: 1 } } as const
      const ObjectLockConfiguration = { ObjectLockEnabled: 'Enabled', Rule } as const
      await client.send(new PutObjectLockConfigurationCommand({ Bucket: bucket, ObjectLockConfiguration }))
    }
    client.destroy()
    return open(locked)
  }

  function open(locked: boolean): ReturnType<typeof s3Store> {
    const checksum = locked ? 'always' : undefined
    const { endpoint, credentials } = server ?? {}
    return s3Store({ bucket: `bucket-${buckets}`, prefix: 'ware', endpoint, pathStyle, credentials, checksum })
  }

  for (const locked of lock.includes('contract') ? [false, true] : [false]) {
    storeContract(locked ? `${name}, a bucket with Object Lock` : name, async () => ({
      store: await openBucket({ locked }),
      reopen: () => open(locked),
    }))
  }

  // no server here requires a checksum: packages/storage tests that
  if (lock.includes('parts')) {
    test('a bucket with Object Lock: parts with a checksum are accepted, and a deleted object is missing', async () => {
      await openBucket({ locked: true })
      const store = open(true)
      const path = join(await temporaryFolder(), 'large')
      await writeFile(path, randomBytes(20 * 1024 * 1024))
      expect(await store.putFile('large', path)).toMatchObject({ size: 20 * 1024 * 1024 })
      await store.delete('large')
      expect(await store.head('large')).toBeNull()
    })
  }

  test('conditional writes: honoured, and the probe says so', async () => {
    const store = await openBucket()
    expect(await store.conditionalWrites?.()).toBe(true)
  })
})
