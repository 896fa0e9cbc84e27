import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startS3Server } from '@dwh/s3-server'
import { seedDatabase } from '@dwh/seed'
import { testDatabase } from '@dwh/test-kit'
import { describe, expect, onTestFinished, test } from 'vitest'
import { workplace } from './test-support.ts'

type Server = Awaited<ReturnType<typeof startS3Server>>

async function setUp(): Promise<{
  server: Server
  env: Record<string, string>
  place: Awaited<ReturnType<typeof workplace>>
}> {
  const server = await startS3Server({ buckets: ['bucket'] })
  onTestFinished(() => server.close())
  const database = await testDatabase()
  await seedDatabase((sql) => database.query(sql))
  const env = {
    DATABASE_URL: database.url,
    DWH_STORAGE: 's3://bucket/data/warehouse',
    S3_ENDPOINT: server.url,
    AWS_ACCESS_KEY_ID: server.credential.accessKeyId,
    AWS_SECRET_ACCESS_KEY: server.credential.secretAccessKey,
  }
  return { server, env, place: await workplace(env) }
}

/** Returns how many bytes of committed files the server has sent. */
function dataBytes(server: Server): number {
  return server.requests
    .filter(({ operation, key }) => operation === 'GetObject' && key.endsWith('.parquet'))
    .reduce((sum, { bytesOut }) => sum + bytesOut, 0)
}

const COUNT = ['query', '--format', 'csv', 'SELECT count(*) AS n FROM customers']

describe('a warehouse in a bucket', () => {
  test('run, query, query again from the cache, and query while the bucket is unreachable', async () => {
    const { server, place } = await setUp()
    const run = await place.dwh(['run'])
    expect(run.stderr).not.toContain('error')
    expect(run).toMatchObject({ code: 0, stdout: expect.stringContaining('to s3://bucket/data/warehouse') })
    const keys = server.objects('bucket').map(({ key }) => key)
    // each file and its plain copy
    expect(keys.filter((key) => key.endsWith('.parquet'))).toHaveLength(6)
    expect(keys.filter((key) => key.includes('_dwh/probe/'))).toEqual([])
    expect(keys.every((key) => key.startsWith('data/warehouse/'))).toBe(true)

    server.requests.length = 0
    expect(await place.dwh(COUNT)).toEqual({ code: 0, stdout: 'n\n50\n', stderr: '' })
    const asked = server.requests.filter(({ key }) => key.endsWith('.parquet')).map(({ key }) => key)
    expect(new Set(asked).size).toBe(1)
    expect(asked[0]).toMatch(/\/customers\//)
    expect(dataBytes(server)).toBeGreaterThan(0)

    server.requests.length = 0
    expect(await place.dwh(COUNT)).toEqual({ code: 0, stdout: 'n\n50\n', stderr: '' })
    expect(dataBytes(server)).toBe(0)

    await server.close()
    const away = await place.dwh(COUNT)
    expect(away).toMatchObject({
      code: 0,
      stdout: 'n\n50\n',
      stderr: expect.stringMatching(/Showing what was last read from it, at \d{4}-/),
    })
    expect((await place.dwh(['status'])).stdout).toContain('current    3 tables')
    const other = await place.dwh(['query', 'SELECT count(*) FROM orders'])
    expect(other).toMatchObject({ code: 1, stderr: expect.stringContaining('ECONNREFUSED') })
    expect((await place.dwh(['run'])).code).toBe(1)
  })

  test('two days: queries of the current day and as of the first; a second run replaces the day', async () => {
    const { env, place } = await setUp()
    for (const date of ['2026-02-17', '2026-02-18', '2026-02-18'])
      expect(await place.dwh(['run', '--date', date, '--replace'])).toMatchObject({ code: 0 })
    expect((await place.dwh(COUNT)).stdout).toBe('n\n50\n')
    expect((await place.dwh([...COUNT, '--as-of', '2026-02-17'])).stdout).toBe('n\n50\n')
    const { oldest_taken_at, newest_taken_at, current } = JSON.parse((await place.dwh(['status', '--json'])).stdout)
    expect([oldest_taken_at, newest_taken_at]).toEqual([current.orders.taken_at, current.orders.taken_at])
    expect((await place.dwh([...COUNT, '--as-of', '2026-02'])).stderr).toMatch(
      /^note: as of .*\n {2}snapshot \S+ \S+\n$/,
    )
    const byBucket = { ...env, DWH_STORAGE: '', S3_BUCKET: 'bucket/data/warehouse' }
    expect((await place.dwh(COUNT, { env: byBucket })).stdout).toBe('n\n50\n')
  })

  test('server ignores conditional writes: warning after every run; views and tables name objects by URL', async () => {
    const { server, place } = await setUp()
    expect((await place.dwh(['run'])).stderr).not.toContain('conditional writes')
    server.script({ when: () => true, do: 'ignore-conditions' })
    expect(await place.dwh(['run'])).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('ignores conditional writes'),
    })
    expect((await place.dwh(['status'])).stdout).toContain('ignores conditional writes')
    expect((await place.dwh(['views'])).stdout).toContain('s3://bucket/data/warehouse/_dwh/parts/orders/')
    expect((await place.dwh(['tables', '--json'])).stdout).toContain('"s3://bucket/data/warehouse/_dwh/parts/orders/')
  })

  test('cache: stays within its size, and a larger file is refused with the two solutions', async () => {
    const { place } = await setUp()
    await place.dwh(['run'])
    const files = join(place.folder, '../home/.cache/dwh/files')
    await place.dwh(['query', 'SELECT (SELECT count(*) FROM customers), (SELECT count(*) FROM orders)'])
    expect((await readdir(files)).filter((name) => name.endsWith('.parquet'))).toHaveLength(2)

    const env = { DWH_CACHE_SIZE: '15KB' }
    await place.dwh(['query', 'SELECT count(*) FROM events'], { env })
    expect((await readdir(files)).filter((name) => name.endsWith('.parquet'))).toHaveLength(1)
    const small = await place.dwh(['query', 'SELECT count(*) FROM orders'], { env: { DWH_CACHE_SIZE: '1KB' } })
    expect(small).toMatchObject({ code: 1, stderr: expect.stringMatching(/DWH_CACHE_SIZE[\s\S]*httpfs/) })
  })

  test('cached file changed: fetched again; object damaged: refused', async () => {
    const { server, place } = await setUp()
    await place.dwh(['run'])
    await place.dwh(COUNT)
    const files = join(place.folder, '../home/.cache/dwh/files')
    for (const name of await readdir(files)) await writeFile(join(files, name), 'no Parquet')
    expect((await place.dwh(COUNT)).stdout).toBe('n\n50\n')

    await rm(files, { recursive: true })
    server.script({
      when: ({ key, operation }) => operation === 'GetObject' && key.endsWith('.parquet'),
      do: { corruptAt: 100 },
    })
    expect(await place.dwh(COUNT)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('differs from what was written'),
    })
    expect(await readdir(files)).toEqual([])
  })

  test('settings from the file: used, and secrets are never shown', async () => {
    const { server, place, env } = await setUp()
    await mkdir(join(place.folder, 'certificates'))
    await writeFile(
      join(place.folder, 'dwh.yaml'),
      `storage: s3://bucket/elsewhere\ns3:\n  endpoint: ${server.url}\n  access_key_id: ${env.AWS_ACCESS_KEY_ID}\n  secret_access_key: \${SECRET}\n  part_size: 8MiB\n`,
    )
    const clean = { DWH_STORAGE: '', S3_ENDPOINT: '', AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' }
    const good = await place.dwh(['run'], { env: { ...clean, SECRET: env.AWS_SECRET_ACCESS_KEY ?? '' } })
    expect(good).toMatchObject({ code: 0, stdout: expect.stringContaining('s3://bucket/elsewhere') })
    const bad = await place.dwh(['run'], { env: { ...clean, SECRET: 'hush-hush-hush' } })
    expect(bad).toMatchObject({ code: 1, stderr: expect.stringContaining('SignatureDoesNotMatch') })
    expect(bad.stderr + bad.stdout).not.toContain('hush')
  })

  test.each([
    [
      'nothing listens at the endpoint',
      { S3_ENDPOINT: 'http://127.0.0.1:1' },
      1,
      /ECONNREFUSED[\s\S]*Nothing listens there/,
    ],
    ['no such bucket', { DWH_STORAGE: 's3://another' }, 1, /NoSuchBucket[\s\S]*Create the bucket/],
    ['an endpoint that is not a URL', { S3_ENDPOINT: 'localhost:9000' }, 2, /not a URL/],
    ['an empty bucket name', { DWH_STORAGE: 's3://' }, 2, /not a valid bucket name/],
    ['a missing certificate file', { S3_CA_FILE: 'missing.pem' }, 2, /S3_CA_FILE.*missing\.pem/],
    ['an unknown kind of storage', { DWH_STORAGE: 'gs://bucket' }, 2, /s3:\/\/bucket\/prefix/],
  ])('%s: one clear error', async (_, env, code, message) => {
    const { place } = await setUp()
    for (const command of [['run'], ['status']])
      expect(await place.dwh(command, { env: env as Record<string, string> })).toMatchObject({
        code,
        stderr: expect.stringMatching(message),
      })
  })
})
