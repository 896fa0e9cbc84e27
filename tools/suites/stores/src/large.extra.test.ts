import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { startMinio, startOwnServer } from '@dwh/s3-stores'
import { s3Store } from '@dwh/storage'
import { childProgram, startChild, suiteCount, temporaryFolder } from '@dwh/test-kit'
import { expect, onTestFinished, test } from 'vitest'

const GIB = 1024 ** 3
const MIB = 1024 ** 2
const COUNT = suiteCount('stores-large')
const SIZE = COUNT * MIB + 12_345
/** Larger objects are copied in parts. */
const IN_PARTS = 5 * 1024
const MOST_BYTES = 200 * 1024 ** 2
const TIMEOUT_MS = 900_000

test(
  `${COUNT} MiB uploaded, downloaded and copied in parts: under 200 MB of memory`,
  async () => {
    const server = await (COUNT >= IN_PARTS ? startMinio() : startOwnServer())
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
    for (let at = 0; at < SIZE; at += Math.min(GIB, SIZE) / 4) await file.write(`at ${at}`, Math.floor(at))
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
