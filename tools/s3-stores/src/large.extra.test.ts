import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { s3Store } from '@dwh/storage'
import { childProgram, startChild, temporaryFolder } from '@dwh/test-kit'
import { expect, onTestFinished, test } from 'vitest'
import { startMinio } from './stores.ts'

const GIB = 1024 ** 3
const SIZE = 5 * GIB + 12_345
const MOST_BYTES = 200 * 1024 ** 2
const TIMEOUT_MS = 900_000

test(
  '5 GiB up and down: under 200 MB of memory, copied in parts, nothing left',
  async () => {
    const server = await startMinio()
    onTestFinished(() => server.stop())
    const { endpoint, credentials } = server
    const { accessKeyId, secretAccessKey } = credentials
    const client = new S3Client({
      endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId, secretAccessKey },
      forcePathStyle: true,
    })
    await client.send(new CreateBucketCommand({ Bucket: 'large' }))
    client.destroy()

    const path = join(await temporaryFolder(), 'file')
    const file = await open(path, 'wx')
    await file.truncate(SIZE)
    for (let at = 0; at < SIZE; at += GIB / 4) await file.write(`at ${at}`, at)
    await file.close()
    const program = await childProgram(new URL('./large.child.ts', import.meta.url))
    const child = startChild(program, [endpoint, 'large', accessKeyId, secretAccessKey, path])
    expect(await child.ended, child.output()).toBe(0)
    const { size, same, peakBytes } = JSON.parse(child.output().split('\n')[0] ?? '')
    expect({ size, same }).toEqual({ size: SIZE, same: true })
    expect(peakBytes).toBeLessThan(MOST_BYTES)

    const store = s3Store({ bucket: 'large', endpoint, credentials })
    const original = await store.head('large')
    expect(await store.copy('large', 'copy')).toMatchObject({ size: SIZE, sha256: original?.sha256 })
  },
  TIMEOUT_MS,
)
