import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { Agent } from 'node:https'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { duckdbExtensions } from '@dwh/duckdb-extensions'
import { type Certificate, startMinio, startOwnServer, startVersitygw } from '@dwh/s3-stores'
import { builtProgram, temporaryFolder, testDatabase } from '@dwh/test-kit'
import { expect, onTestFinished, test } from 'vitest'
import { makeCertificate } from './certificate.ts'

const run = promisify(execFile)
const dwh = await builtProgram('dwh')
const START_TIMEOUT_MS = 900_000

test.each([
  ['our own server', () => startOwnServer(), null],
  ['versitygw', () => startVersitygw(), null],
  ['MinIO over TLS, with a private authority', (certificate?: Certificate) => startMinio(certificate), makeCertificate],
] as const)(
  'a warehouse on %s: two runs, queries, and the stored objects',
  async (_, start, makeCertificateFor) => {
    const certificate = await makeCertificateFor?.()
    const server = await start(certificate)
    onTestFinished(() => server.stop())
    const { endpoint } = server
    const { accessKeyId, secretAccessKey } = server.credentials
    const folder = await temporaryFolder()
    if (certificate) await writeFile(join(folder, 'authority.pem'), certificate.authority)
    const database = await testDatabase(
      'CREATE TABLE t AS SELECT n, md5(n::text) AS hash FROM generate_series(1, 300000) AS n',
    )
    const env = {
      PATH: process.env.PATH,
      HOME: folder,
      DATABASE_URL: database.url,
      DWH_STORAGE: 's3://warehouse/a/prefix',
      S3_ENDPOINT: endpoint,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
    }
    const trusted = certificate ? { ...env, S3_CA_FILE: 'authority.pem' } : env
    const call = (args: string[], environment: NodeJS.ProcessEnv = trusted) =>
      run(process.execPath, [dwh, ...args], { cwd: folder, env: environment })

    const requestHandler = { httpsAgent: new Agent(certificate ? { ca: certificate.authority } : {}) }
    const client = new S3Client({
      endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId, secretAccessKey },
      forcePathStyle: true,
      requestHandler,
    })
    await client.send(new CreateBucketCommand({ Bucket: 'warehouse' }))
    client.destroy()

    if (certificate)
      await expect(call(['status'], env)).rejects.toMatchObject({
        code: 1,
        stderr: expect.stringContaining('S3_CA_FILE'),
      })
    for (let day = 0; day < 2; day += 1)
      expect((await call(['run', '--full-refresh'])).stdout).toContain('300,000 rows')
    const sum = 'SELECT count(*) AS n, sum(n) AS total, count(DISTINCT hash) AS hashes FROM t'
    const query = (more: NodeJS.ProcessEnv) => call(['query', '--format', 'csv', sum], { ...trusted, ...more })
    const inPlace = { DWH_CACHE_SIZE: '1MB', DWH_EXTENSIONS: await duckdbExtensions() }
    for (const more of [{}, inPlace])
      expect((await query(more)).stdout).toBe('n,total,hashes\n300000,45000150000,300000\n')
    expect((await call(['status'])).stdout).toContain('s3://warehouse/a/prefix')
  },
  START_TIMEOUT_MS,
)
