import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startS3Server } from '@dwh/s3-server'
import { startChild, temporaryFolder, testDatabase } from '@dwh/test-kit'
import { expect, onTestFinished, test } from 'vitest'

const program = fileURLToPath(new URL('./whole-way.mjs', import.meta.url))

async function folder() {
  return { storage: join(await temporaryFolder(), 'warehouse'), env: {} }
}

async function bucket() {
  const server = await startS3Server({ buckets: ['bucket'] })
  onTestFinished(() => server.close())
  const { accessKeyId, secretAccessKey } = server.credential
  const env = { S3_ENDPOINT: server.url, AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey }
  // on Node 20, the SDK would warn that it will require 22
  const quiet = { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' }
  return { storage: 's3://bucket/warehouse', env: { ...env, ...quiet } }
}

test.each([
  ['a folder', folder],
  ['a bucket', bucket],
])('program on %s: runs, queries and verifies, with any table names', async (_, place) => {
  const { url } = await testDatabase(`
    CREATE TABLE "order" AS SELECT n AS id FROM generate_series(1, 5000) n;
    CREATE SCHEMA billing;
    CREATE TABLE billing."Invoice no. 7" (id int, paid numeric(10,2))`)
  const { storage, env } = await place()
  const home = await temporaryFolder()
  const child = startChild(program, [storage], { env: { DATABASE_URL: url, HOME: home, ...env } })
  expect(await child.ended, child.output()).toBe(0)
  const [first, ...lines] = child.output().trim().split('\n')
  expect(first).toMatch(/^success: 2 tables as of \d{4}-\d\d-\d\d$/)
  expect(lines.sort()).toEqual(['billing."Invoice no. 7": 0 rows', 'order: 5000 rows', 'whole: 2 files'])
})

test('no database: error with a hint, and the process ends', async () => {
  const [folder, home] = [await temporaryFolder(), await temporaryFolder()]
  const child = startChild(program, [join(folder, 'warehouse')], { env: { HOME: home } })
  expect(await child.ended).toBe(1)
  expect(child.output()).toMatch(/hint: 'Set DATABASE_URL=/)
})

test('program: at most thirty lines', async () => {
  expect((await readFile(program, 'utf8')).trimEnd().split('\n').length).toBeLessThanOrEqual(30)
})
