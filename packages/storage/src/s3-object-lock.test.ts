import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startS3Server } from '@dwh/s3-server'
import { temporaryFolder } from '@dwh/test-kit'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type S3StoreOptions, s3Store } from './index.ts'

const MIB = 1024 * 1024
const text = (value: string) => new TextEncoder().encode(value)

async function locked(more: Partial<S3StoreOptions> = {}) {
  const server = await startS3Server({ buckets: ['locked'], lockedBuckets: ['locked'] })
  onTestFinished(() => server.close())
  const credentials = server.credential
  return { server, store: s3Store({ bucket: 'locked', endpoint: server.url, credentials, ...more }) }
}

async function file(bytes: number): Promise<string> {
  const path = join(await temporaryFolder(), 'file')
  await writeFile(path, randomBytes(bytes))
  return path
}

describe('a bucket with Object Lock', () => {
  test('a write without a checksum: refused, and the hint names the setting', async () => {
    const { store } = await locked({ partBytes: 5 * MIB })
    const refusal = {
      code: 'STORE_FAILED',
      message: expect.stringContaining('InvalidRequest (HTTP 400)'),
      hint: expect.stringContaining('s3.checksum: always (S3_CHECKSUM=always)'),
    }
    await expect(store.put('a', text('x'))).rejects.toMatchObject(refusal)
    await expect(store.put('a', text('x'), { ifAbsent: true })).rejects.toMatchObject(refusal)
    await expect(store.putFile('a', await file(10))).rejects.toMatchObject(refusal)
    await expect(store.putFile('a', await file(6 * MIB))).rejects.toMatchObject(refusal)
  })

  test('checksum: always, every kind of write: a checksum in a header, and the body stored unchanged', async () => {
    const { server, store } = await locked({ checksum: 'always', partBytes: 5 * MIB, copyPartBytes: 5 * MIB })
    const { etag } = await store.put('a', text('1'), { ifAbsent: true })
    await store.put('a', text('2'), { ifMatch: etag })
    await store.put('b', text('plain'))
    await store.putFile('stage/small', await file(0))
    await store.putFile('stage/large', await file(11 * MIB))
    expect(await store.copy('stage/large', 'large')).toMatchObject({ size: 11 * MIB })
    expect(await store.copy('stage/small', 'small', async () => true)).toMatchObject({ size: 0 })
    expect(await store.conditionalWrites?.()).toBe(true)
    const bodies = server.requests.filter(({ operation }) => ['PutObject', 'UploadPart'].includes(operation))
    expect(bodies.length).toBeGreaterThan(8)
    for (const { headers } of bodies) {
      expect(headers['content-md5']).toMatch(/^[A-Za-z0-9+/]{22}==$/)
      expect(headers['x-amz-trailer']).toBeUndefined()
    }
    expect((await store.get('b'))?.body.toString()).toBe('plain')
    await store.delete('b')
    expect(await store.head('b')).toBeNull()
  })

  test('at AWS: each write carries the checksum of the SDK, unless checksum is when-required', async () => {
    // the variable of the SDK for its endpoint; only this process has it
    const server = await startS3Server({ buckets: ['locked'], lockedBuckets: ['locked'] })
    onTestFinished(() => server.close())
    process.env.AWS_ENDPOINT_URL_S3 = server.url
    onTestFinished(() => void delete process.env.AWS_ENDPOINT_URL_S3)
    const at = { bucket: 'locked', region: 'us-east-1', credentials: server.credential, pathStyle: true, attempts: 1 }
    for (const checksum of [undefined, 'always'] as const) {
      const store = s3Store({ ...at, checksum, partBytes: 5 * MIB })
      await store.put('a', text('x'))
      await store.putFile('large', await file(6 * MIB))
      expect((await store.get('a'))?.body.toString()).toBe('x')
    }
    const bodies = server.requests.filter(({ operation }) => ['PutObject', 'UploadPart'].includes(operation))
    for (const { headers } of bodies) {
      expect(headers['x-amz-checksum-crc32']).toMatch(/==$/)
      expect(headers['x-amz-trailer']).toBeUndefined()
    }
    await expect(s3Store({ ...at, checksum: 'when-required' }).put('a', text('x'))).rejects.toThrow('InvalidRequest')
  })
})
