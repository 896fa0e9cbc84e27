import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { describe, expect, test } from 'vitest'
import { failureOf, testClient, testServer } from './client.test-support.ts'
import { TEST_CREDENTIAL } from './index.ts'
import { presign, replyOf, sendRaw, signedFetch, signHeaders } from './signed.test-support.ts'

/** The examples of API/sig-v4-header-based-auth.html and API/sigv4-query-string-auth.html. */
describe('signatures of the AWS documentation: accepted', () => {
  const credential = {
    accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
    secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  }
  const example = {
    credentials: [credential],
    buckets: ['examplebucket'],
    domains: ['s3.amazonaws.com'],
    now: () => new Date('2013-05-24T00:00:00Z'),
  }
  const host = 'examplebucket.s3.amazonaws.com'
  const scope = 'AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request'
  const empty = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

  test('a put, a get with a range, an unknown operation, all in virtual-host style', async () => {
    const server = await testServer(example)
    const put = await sendRaw(
      server.port,
      'PUT',
      '/test%24file.text',
      {
        host,
        date: 'Fri, 24 May 2013 00:00:00 GMT',
        authorization: `AWS4-HMAC-SHA256 Credential=${scope},SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class,Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd`,
        'x-amz-date': '20130524T000000Z',
        'x-amz-storage-class': 'REDUCED_REDUNDANCY',
        'x-amz-content-sha256': '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
        'content-length': '21',
      },
      'Welcome to Amazon S3.',
    )
    expect(put.body).toBe('')
    expect(put.status).toBe(200)
    expect(server.objects('examplebucket').map((object) => object.key)).toEqual(['test$file.text'])

    const get = await sendRaw(server.port, 'GET', '/test.txt', {
      host,
      range: 'bytes=0-9',
      authorization: `AWS4-HMAC-SHA256 Credential=${scope},SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41`,
      'x-amz-date': '20130524T000000Z',
      'x-amz-content-sha256': empty,
    })
    expect(get.code).toBe('NoSuchKey')

    const lifecycle = await sendRaw(server.port, 'GET', '/?lifecycle', {
      host,
      authorization: `AWS4-HMAC-SHA256 Credential=${scope},SignedHeaders=host;x-amz-content-sha256;x-amz-date,Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543`,
      'x-amz-date': '20130524T000000Z',
      'x-amz-content-sha256': empty,
    })
    expect(lifecycle.code).toBe('NotImplemented')
  })

  test('a presigned URL', async () => {
    const server = await testServer(example)
    const path = `/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=${scope.replaceAll('/', '%2F')}&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404`
    expect((await sendRaw(server.port, 'GET', path, { host })).code).toBe('NoSuchKey')
    expect((await sendRaw(server.port, 'GET', path.replace('86400', '86401'), { host })).code).toBe(
      'SignatureDoesNotMatch',
    )
  })

  test('an upload in signed chunks', async () => {
    const server = await testServer({ ...example, buckets: ['examplebucket'] })
    const headers = {
      host: 's3.amazonaws.com',
      'x-amz-date': '20130524T000000Z',
      'x-amz-storage-class': 'REDUCED_REDUNDANCY',
      authorization: `AWS4-HMAC-SHA256 Credential=${scope},SignedHeaders=content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class,Signature=4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9`,
      'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
      'content-encoding': 'aws-chunked',
      'x-amz-decoded-content-length': '66560',
      'content-length': '66824',
    }
    const body = (last: string): string =>
      [
        `10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n${'a'.repeat(65536)}\r\n`,
        `400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n${'a'.repeat(1023)}${last}\r\n`,
        '0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n',
      ].join('')
    const path = '/examplebucket/chunkObject.txt'
    expect((await sendRaw(server.port, 'PUT', path, headers, body('b'))).code).toBe('SignatureDoesNotMatch')
    expect(server.objects('examplebucket')).toEqual([])
    expect((await sendRaw(server.port, 'PUT', path, headers, body('a'))).status).toBe(200)
    const [object] = server.objects('examplebucket')
    expect(object?.size).toBe(66560)
    expect(object?.headers['content-encoding']).toBeUndefined()
  })
})

describe('signed headers', () => {
  const get = { method: 'GET', path: '/house/key' }

  test('valid signature: accepted', async () => {
    const server = await testServer()
    expect(await signedFetch(server, get)).toMatchObject({ status: 404, code: 'NoSuchKey' })
    expect(await signedFetch(server, { ...get, path: '/house/a%20b%2Bc/%C3%BC//d..' })).toMatchObject({ status: 404 })
  })

  test.each([
    ['an unknown key', { credential: { ...TEST_CREDENTIAL, accessKeyId: 'AKIANOBODY' } }, 403, 'InvalidAccessKeyId'],
    ['a wrong secret', { credential: { ...TEST_CREDENTIAL, secretAccessKey: 'no' } }, 403, 'SignatureDoesNotMatch'],
    ['another region', { region: 'eu-west-1' }, 400, 'AuthorizationHeaderMalformed'],
    ['16 minutes late', { at: new Date(Date.now() - 16 * 60_000) }, 403, 'RequestTimeTooSkewed'],
    ['16 minutes early', { at: new Date(Date.now() + 16 * 60_000) }, 403, 'RequestTimeTooSkewed'],
    ['14 minutes late', { at: new Date(Date.now() - 14 * 60_000) }, 404, 'NoSuchKey'],
    ['a token for a key without one', { credential: { ...TEST_CREDENTIAL, sessionToken: 't' } }, 400, 'InvalidToken'],
  ])('%s', async (_, change, status, code) => {
    const server = await testServer()
    expect(await signedFetch(server, { ...get, ...change })).toMatchObject({ status, code })
  })

  test('a header changed or added after signing, or no signature: rejected', async () => {
    const server = await testServer()
    const { headers } = signHeaders(server, { ...get, headers: { 'x-amz-meta-a': '1' } })
    const send = (changed: Record<string, string>) => sendRaw(server.port, 'GET', '/house/key', changed)
    expect((await send({ ...headers, 'x-amz-meta-a': '2' })).code).toBe('SignatureDoesNotMatch')
    expect((await send({ ...headers, 'x-amz-meta-b': '1' })).code).toBe('AccessDenied')
    expect((await send({})).code).toBe('AccessDenied')
    expect((await sendRaw(server.port, 'GET', '/house/other', headers)).code).toBe('SignatureDoesNotMatch')
  })

  test('a body other than the signed one: rejected', async () => {
    const server = await testServer()
    const put = { method: 'PUT', path: '/house/key', body: 'what is sent', payloadHash: 'a'.repeat(64) }
    expect(await signedFetch(server, put)).toMatchObject({ status: 400, code: 'XAmzContentSHA256Mismatch' })
    expect(server.objects('house')).toEqual([])
    expect(await signedFetch(server, { ...put, payloadHash: 'UNSIGNED-PAYLOAD' })).toMatchObject({ status: 200 })
  })

  test('session token: required, compared, expires', async () => {
    let now = new Date('2026-01-01T00:00:00Z')
    const credential = { ...TEST_CREDENTIAL, sessionToken: 'token', expiresAt: new Date('2026-01-01T01:00:00Z') }
    const server = await testServer({ credentials: [credential], now: () => now })
    const asking = (token: string | undefined) => {
      const { sessionToken: _, ...bare } = credential
      const mine = token === undefined ? bare : { ...bare, sessionToken: token }
      return signedFetch(server, { ...get, at: now, credential: mine })
    }
    expect((await asking('token')).code).toBe('NoSuchKey')
    expect((await asking('other')).code).toBe('InvalidToken')
    expect((await asking(undefined)).code).toBe('InvalidAccessKeyId')
    now = new Date('2026-01-01T01:00:00Z')
    expect(await asking('token')).toMatchObject({ status: 400, code: 'ExpiredToken' })
    expect(server.requests.at(-1)?.headers['x-amz-security-token']).toBe('(secret)')
    expect(server.requests.at(-1)?.headers.authorization).toBeUndefined()
  })

  test('the SDK: gets the same errors', async () => {
    const server = await testServer()
    const wrong = testClient(server, { credentials: { ...TEST_CREDENTIAL, secretAccessKey: 'no' } })
    expect(await failureOf(wrong.send(new GetObjectCommand({ Bucket: 'house', Key: 'k' })))).toBe(
      'SignatureDoesNotMatch 403',
    )
    const temporary = { ...TEST_CREDENTIAL, accessKeyId: 'ASIA', sessionToken: 'token' }
    const other = await testServer({ credentials: [temporary] })
    await testClient(other).send(new PutObjectCommand({ Bucket: 'house', Key: 'k', Body: 'x' }))
    expect(other.objects('house')).toHaveLength(1)
  })
})

describe('presigned URLs', () => {
  test('put and get, with and without a session token', async () => {
    for (const credential of [TEST_CREDENTIAL, { ...TEST_CREDENTIAL, sessionToken: 'a token/+=' }]) {
      const server = await testServer({ credentials: [credential] })
      const path = '/house/a%20key'
      const put = await fetch(presign(server, { method: 'PUT', path, seconds: 60 }), { method: 'PUT', body: 'hello' })
      expect(put.status).toBe(200)
      const get = await fetch(presign(server, { method: 'GET', path, seconds: 60 }))
      expect(await get.text()).toBe('hello')
      expect(server.objects('house')[0]?.key).toBe('a key')
    }
  })

  test('another method, a changed URL, too early, too late, valid for too long: rejected', async () => {
    const at = new Date('2026-01-01T00:00:00Z')
    let now = at
    const server = await testServer({ now: () => now })
    const asked = { method: 'GET', path: '/house/key', seconds: 60, at }
    const url = presign(server, asked)
    const codeOf = async (each: string, method = 'GET') => (await replyOf(await fetch(each, { method }))).code
    expect(await codeOf(url)).toBe('NoSuchKey')
    expect(await codeOf(url, 'DELETE')).toBe('SignatureDoesNotMatch')
    expect(await codeOf(url.replace('/key', '/other'))).toBe('SignatureDoesNotMatch')
    expect(await codeOf(presign(server, { ...asked, seconds: 604_801 }))).toBe('AuthorizationQueryParametersError')
    now = new Date('2026-01-01T00:01:00Z')
    expect(await codeOf(url)).toBe('NoSuchKey')
    now = new Date('2026-01-01T00:01:01Z')
    const late = await replyOf(await fetch(url))
    expect(late).toMatchObject({ status: 403, code: 'AccessDenied' })
    expect(late.body).toContain('Request has expired')
    now = new Date('2025-12-31T23:00:00Z')
    expect(await codeOf(url)).toBe('AccessDenied')
  })
})
