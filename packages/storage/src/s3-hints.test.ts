import { createServer } from 'node:http'
import { type AddressInfo, createServer as createNetServer } from 'node:net'
import { startS3Server } from '@dwh/s3-server'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type S3StoreOptions, s3Store } from './index.ts'

const text = (value: string) => new TextEncoder().encode(value)

async function setUp(more: Partial<S3StoreOptions> = {}, path = '') {
  const server = await startS3Server({ buckets: ['bucket'] })
  onTestFinished(() => server.close())
  const at = { bucket: 'bucket', endpoint: `${server.url}${path}`, credentials: server.credential, attempts: 1 }
  return { server, store: s3Store({ ...at, ...more }) }
}

async function list(store: ReturnType<typeof s3Store>): Promise<void> {
  for await (const _ of store.list('')) return
}

describe('refusals of a server, each with the setting', () => {
  test.each([
    ['InvalidBucketName', 400, {}, {}, /DWH_STORAGE/],
    ['NoSuchBucket', 404, {}, {}, /Create the bucket.*DWH_STORAGE.*S3_REGION \(s3\.region\).*S3_ENDPOINT/],
    [
      'PermanentRedirect',
      301,
      { 'x-amz-bucket-region': 'eu-west-1' },
      {},
      /in eu-west-1: set S3_REGION=eu-west-1 \(s3\.region\)/,
    ],
    ['TemporaryRedirect', 307, { 'x-amz-bucket-region': 'eu-west-1' }, {}, /S3_REGION=eu-west-1/],
    ['AuthorizationHeaderMalformed', 400, {}, {}, /S3_REGION \(s3\.region\) and AWS_ACCESS_KEY_ID/],
    ['IllegalLocationConstraintException', 400, {}, {}, /S3_REGION/],
    ['RequestTimeTooSkewed', 403, {}, {}, /clock/],
    ['InvalidAccessKeyId', 403, {}, {}, /s3\.access_key_id/],
    ['SignatureDoesNotMatch', 403, {}, {}, /s3\.secret_access_key/],
    ['ExpiredToken', 400, {}, {}, /s3\.session_token/],
    ['InvalidToken', 400, {}, {}, /s3\.session_token/],
    ['SlowDown', 503, {}, {}, /DWH_PARALLEL.*s3\.parallel_parts/],
    ['TooManyRequests', 429, {}, {}, /DWH_PARALLEL/],
    ['SecondLevelDomainForbidden', 403, {}, {}, /s3\.path_style\): false/],
    ['MethodNotAllowed', 405, {}, {}, /S3_ENDPOINT/],
    ['InvalidObjectState', 403, {}, {}, /archive/],
    ['KMS.NotFoundException', 400, {}, {}, /s3\.kms_key_id \(S3_KMS_KEY_ID\)/],
    ['NotImplemented', 501, {}, { encryption: { algorithm: 'AES256' } }, /s3\.encryption \(S3_ENCRYPTION\)/],
    ['NotImplemented', 501, {}, { checksum: 'always' }, /s3\.checksum \(S3_CHECKSUM\)/],
    [
      'AccessDenied',
      403,
      {},
      {},
      /s3:PutObject.*requires encryption: set s3\.encryption \(S3_ENCRYPTION\).*s3\.requester_pays/,
    ],
    ['AccessDenied', 403, {}, { encryption: { algorithm: 'aws:kms' } }, /kms:GenerateDataKey/],
    ['InvalidRequest', 400, {}, { checksum: 'always' }, /docs\/storage\.md/],
  ] as const)('%s (%i)', async (code, status, headers, more, hint) => {
    const { server, store } = await setUp(more as Partial<S3StoreOptions>)
    // the message is unknown, so the hint depends only on code and status
    server.script({ when: () => true, do: { respond: { status, code, headers, message: 'xyz' } } })
    await expect(store.put('a', text('x'))).rejects.toMatchObject({ hint: expect.stringMatching(hint) })
  })

  test('another region, from the answer of a real signature check: the hint names the region', async () => {
    const { store } = await setUp({ region: 'eu-west-3' })
    await expect(list(store)).rejects.toMatchObject({ hint: expect.stringContaining('S3_REGION=us-east-1') })
    await expect(store.head('a')).rejects.toThrow('HTTP 400')
  })

  test('an invalid region from the server: not repeated', async () => {
    const { server, store } = await setUp()
    const headers = { 'x-amz-bucket-region': 'x; rm -rf' }
    server.script({ when: () => true, do: { respond: { status: 301, code: 'PermanentRedirect', headers } } })
    await expect(list(store)).rejects.toMatchObject({ hint: expect.not.stringContaining('rm') })
  })

  test('the server looked for another bucket: the hint names path style', async () => {
    const { server, store } = await setUp({ bucket: 'nowhere' })
    await expect(list(store)).rejects.toMatchObject({ hint: expect.stringContaining('Create the bucket') })
    const body = '<Error><Code>NoSuchBucket</Code><BucketName>data</BucketName></Error>'
    server.script({ when: () => true, do: { respond: { status: 404, code: 'NoSuchBucket', body } } })
    await expect(list(store)).rejects.toMatchObject({ hint: expect.stringContaining('S3_PATH_STYLE (s3.path_style)') })
  })

  test('a list that finds no such key: the endpoint already contains the bucket', async () => {
    const { server, store } = await setUp()
    server.script({ when: () => true, do: { respond: { status: 404, code: 'NoSuchKey' } } })
    await expect(list(store)).rejects.toMatchObject({
      hint: expect.stringMatching(/S3_ENDPOINT .*hold.*S3_PATH_STYLE/),
    })
  })

  test('an endpoint with a path: the hint of an error mentions it', async () => {
    const { store } = await setUp({}, '/some/path')
    await expect(list(store)).rejects.toMatchObject({ hint: expect.stringContaining('contains a path') })
  })
})

test('a requester-pays bucket: each request agrees to pay, the signed URL too', async () => {
  const { server, store } = await setUp({ requesterPays: true })
  const unpaid = { respond: { status: 403, code: 'AccessDenied' } } as const
  server.script({ when: ({ headers }) => headers['x-amz-request-payer'] !== 'requester', do: unpaid })
  await store.put('a', text('x'), { ifAbsent: true })
  expect((await store.get('a'))?.body.toString()).toBe('x')
  expect(await store.presignedUrl?.('a', 60)).toContain('x-amz-request-payer=requester')
})

describe('a server that is not S3', () => {
  const page = '<!doctype html><html><body><p>Sign in<br></body></html>'
  async function answering(status: number, headers: Record<string, string>, body: string): Promise<string> {
    const server = createServer((_, answer) => void answer.writeHead(status, headers).end(body))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  test.each([
    ['a page', 200, { 'content-type': 'text/html; charset=utf-8' }, page],
    ['a page instead of an error', 404, { 'content-type': 'text/html' }, page],
    ['a redirect to a page', 302, { 'content-type': 'text/html', location: '/login' }, page],
    ['JSON', 200, { 'content-type': 'application/json' }, '{}'],
    ['XML of another kind', 200, { 'content-type': 'application/xml' }, '<feed><entry/></feed>'],
    ['the answer of a Go server on a port for https', 400, {}, 'Client sent an HTTP request to an HTTPS server.\n'],
  ])('%s: refused, and neither an empty warehouse nor a written object', async (_, status, headers, body) => {
    const endpoint = await answering(status, headers as Record<string, string>, body)
    const credentials = { accessKeyId: 'a', secretAccessKey: 'b' }
    const store = s3Store({ bucket: 'bucket', endpoint, credentials, attempts: 1 })
    const refusal = { code: 'STORE_FAILED', hint: expect.stringContaining('S3_ENDPOINT') }
    await expect(list(store)).rejects.toMatchObject(refusal)
    await expect(store.put('a', text('x'))).rejects.toMatchObject(refusal)
    await expect(store.get('a')).rejects.toMatchObject(refusal)
  })

  test('an answer that is not HTTP, such as TLS: the hint asks for https', async () => {
    const server = createNetServer((socket) =>
      socket.on('error', () => {}).once('data', () => socket.end('\x15\x03\x01\x00\x02\x02\x46')),
    )
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const store = s3Store({
      bucket: 'bucket',
      endpoint,
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
      attempts: 1,
    })
    await expect(list(store)).rejects.toMatchObject({
      hint: expect.stringMatching(/S3_ENDPOINT .*https instead of http/),
    })
  })

  test('an overloaded server with a web page: STORE_UNREACHABLE, may be retried', async () => {
    const endpoint = await answering(502, { 'content-type': 'text/html' }, page)
    const store = s3Store({
      bucket: 'bucket',
      endpoint,
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
      attempts: 1,
    })
    await expect(list(store)).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' })
  })
})

describe('invalid settings: refused at once, and never repeated', () => {
  const KEY = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'
  test.each([
    ['a key in the bucket', { bucket: 'KEY:s3cr3t@bucket' }, 's3cr3t'],
    ['a secret key as the bucket', { bucket: KEY.slice(0, 13), prefix: KEY.slice(14) }, 'K7MDENG'],
    ['a secret key of letters and digits', { bucket: 'wJalrXUtnFEMI1K7MDENG1bPxRfiCYEXAMPLEKEY' }, 'wJalr'],
    ['an access key id', { bucket: 'AKIAIOSFODNN7EXAMPLE' }, 'AKIA'],
    ['a prefix', { prefix: 'a b?s3cr3t' }, 's3cr3t'],
    ['a region', { region: KEY }, 'K7MDENG'],
    ['a user in the endpoint', { endpoint: 'https://user:s3cr3t@host' }, 's3cr3t'],
    ['a user in an endpoint that is cut by a /', { endpoint: 'https://user:12/s3cr3t@host' }, 's3cr3t'],
    ['a query in the endpoint', { endpoint: 'https://host/?password=s3cr3t' }, 's3cr3t'],
    ['an endpoint that is not a URL', { endpoint: 'https://user:pa/s3cr3t@host' }, 's3cr3t'],
    ['a proxy that is not a URL', { proxy: 'http://user:pa ss/s3cr3t@host:x' }, 's3cr3t'],
    ['the bucket in the path of the endpoint', { endpoint: 'https://s3cr3t/bucket/' }, 's3cr3t'],
    ['a key for AES256', { encryption: { algorithm: 'AES256', kmsKeyId: 's3cr3t' } }, 's3cr3t'],
  ] as const)('%s', (_, options, secret) => {
    const open = () => s3Store({ bucket: 'bucket', ...(options as Partial<S3StoreOptions>) })
    expect(open).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.not.stringContaining(secret) }),
    )
    expect(open).toThrow(expect.objectContaining({ hint: expect.not.stringContaining(secret) }))
  })

  test('an invalid region in the environment', async () => {
    process.env.AWS_REGION = KEY
    onTestFinished(() => void delete process.env.AWS_REGION)
    const store = s3Store({ bucket: 'bucket', credentials: { accessKeyId: 'a', secretAccessKey: 'b' } })
    const error = await list(store).catch((failure) => failure)
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', hint: expect.stringContaining('S3_REGION') })
    expect(`${error.message} ${error.cause}`).not.toContain('K7MDENG')
  })
})
