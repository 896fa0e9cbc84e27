import { readFile } from 'node:fs/promises'
import { type S3Credential, startS3Server, TEST_CREDENTIAL } from '@dwh/s3-server'
import { seedDatabase } from '@dwh/seed'
import { testDatabase } from '@dwh/test-kit'
import { expect, onTestFinished, test } from 'vitest'
import { workplace } from './test-support.ts'

/*
 * Tests that the policies in the docs and of `dwh doctor --bucket-policy` suffice and allow nothing more. The server
 * denies everything that a policy does not allow.
 */

interface Statement {
  readonly Action: readonly string[]
  readonly Resource: string | readonly string[]
}

/** Returns the `deny` function of a credential: it denies every request that the policy does not allow. */
function denying(bucket: string, policy: { readonly Statement: readonly Statement[] }): S3Credential['deny'] {
  const matches = (pattern: string, text: string) =>
    new RegExp(`^${pattern.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`).test(text)
  return (action, key) => {
    const arn = `arn:aws:s3:::${bucket}`
    const resource = action.startsWith('s3:ListBucket') ? arn : `${arn}/${key}`
    return !policy.Statement.some(
      (statement) =>
        statement.Action.includes(action) && [statement.Resource].flat().some((pattern) => matches(pattern, resource)),
    )
  }
}

const STORAGE = 's3://warehouse/crm'

/** The policy of docs/security.md that allows some tables. */
async function policyOfSomeTables() {
  const page = await readFile(new URL('../../../docs/security.md', import.meta.url), 'utf8')
  const [, block = ''] = /```json\n([^`]*"Statement"[^`]*)```/.exec(page) ?? []
  return JSON.parse(block)
}

async function setUp() {
  const place = await workplace()
  const policy = async (...role: string[]) =>
    JSON.parse((await place.dwh(['doctor', '--storage', STORAGE, '--bucket-policy', ...role])).stdout)
  const credential = (name: string, given: Parameters<typeof denying>[1]): S3Credential => ({
    accessKeyId: name,
    secretAccessKey: `secret of ${name}`,
    deny: denying('warehouse', given) as NonNullable<S3Credential['deny']>,
  })
  const credentials = [
    TEST_CREDENTIAL,
    credential('writer', await policy()),
    credential('reader', await policy('reader')),
    credential('analyst', await policyOfSomeTables()),
  ]
  const server = await startS3Server({ buckets: ['warehouse'], credentials })
  onTestFinished(() => server.close())
  const database = await testDatabase()
  await seedDatabase((sql) => database.query(sql))
  const as = (name: string) => {
    const { secretAccessKey = '' } = credentials.find(({ accessKeyId }) => accessKeyId === name) ?? {}
    const env = {
      DATABASE_URL: database.url,
      DWH_STORAGE: STORAGE,
      S3_ENDPOINT: server.url,
      AWS_ACCESS_KEY_ID: name,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      // a separate cache for each credential
      DWH_CACHE: `cache-${name}`,
    }
    return (...args: string[]) => place.dwh(args, { env })
  }
  return { server, as }
}

test('writer policy: allows every command that changes a warehouse', async () => {
  const { server, as } = await setUp()
  const writer = as('writer')
  for (const date of ['2026-02-17', '2026-02-18', '2026-02-18'])
    expect(await writer('run', '--date', date, '--replace')).toMatchObject({
      code: 0,
      stderr: expect.not.stringMatching(/denied/i),
    })
  expect(await writer('repair')).toMatchObject({ code: 0 })
  expect(await writer('prune', '--keep-daily', '1', '--yes')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('Removed 1 day'),
  })
  expect(await writer('verify')).toMatchObject({ code: 0 })
  expect(await writer('doctor')).toMatchObject({ code: 0 })
  expect(server.requests.filter(({ status }) => status === 403)).toEqual([])
})

test('reader policy: allows every command that reads, and none that writes', async () => {
  const { server, as } = await setUp()
  expect(await as('writer')('run', '--date', '2026-02-18')).toMatchObject({ code: 0 })
  const reader = as('reader')
  const before = server.objects('warehouse').length
  for (const args of [
    ['query', 'SELECT count(*) FROM orders'],
    ['query', '--as-of', '2026-02-18', 'SELECT count(*) FROM customers'],
    ['tables', '--json'],
    ['status'],
    ['history'],
    ['views'],
    ['plan'],
    ['verify', '--deep'],
  ])
    expect(await reader(...args), args.join(' ')).toMatchObject({ code: 0 })
  expect(server.requests.filter(({ status }) => status === 403)).toEqual([])
  for (const args of [['run'], ['repair'], ['prune', '--keep-daily', '1', '--yes']])
    expect(await reader(...args), args.join(' ')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('AccessDenied'),
    })
  expect(server.objects('warehouse')).toHaveLength(before)
})

test('policy for some tables: allows queries of these and denies the others', async () => {
  const { as } = await setUp()
  expect(await as('writer')('run', '--date', '2026-02-18')).toMatchObject({ code: 0 })
  const analyst = as('analyst')
  const orders = 'SELECT count(*) AS n FROM orders'
  expect(await analyst('query', '--format', 'csv', orders)).toEqual({ code: 0, stdout: 'n\n115\n', stderr: '' })
  expect(await analyst('query', '--as-of', '2026-02-18', orders)).toMatchObject({ code: 0 })
  for (const command of ['tables', 'status', 'views']) expect(await analyst(command)).toMatchObject({ code: 0 })
  expect(await analyst('query', 'SELECT count(*) FROM customers')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/HTTP 403: _dwh\/parts\/customers\/.*parquet/),
  })
})
