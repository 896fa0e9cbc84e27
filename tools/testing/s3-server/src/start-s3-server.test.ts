import { execFileSync } from 'node:child_process'
import { access, readdir, readFile } from 'node:fs/promises'
import { Agent, request } from 'node:https'
import { join } from 'node:path'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { expect, test } from 'vitest'
import { testClient, testServer } from './client.test-support.ts'
import { presign, sendRaw, signHeaders } from './signed.test-support.ts'

test('close: removes the folder, and may be called twice', async () => {
  const server = await testServer()
  await testClient(server).send(new PutObjectCommand({ Bucket: 'house', Key: 'k', Body: Buffer.alloc(2_000_000) }))
  expect(await readdir(server.folder)).toHaveLength(1)
  await server.close()
  await server.close()
  await expect(access(server.folder)).rejects.toThrow('ENOENT')
})

test('Expect 100-continue: the body is not read if the answer is an error', async () => {
  const server = await testServer()
  const put = (bucket: string) => {
    const signed = { method: 'PUT', path: `/${bucket}/k`, payloadHash: 'UNSIGNED-PAYLOAD' }
    const { headers } = signHeaders(server, signed)
    const expecting = { ...headers, expect: '100-continue', 'content-length': '1' }
    return sendRaw(server.port, 'PUT', `/${bucket}/k`, expecting, 'x')
  }
  expect((await put('nobody')).code).toBe('NoSuchBucket')
  expect(server.requests[0]?.bytesIn).toBe(0)
  expect((await put('house')).status).toBe(200)
})

test('an unreadable request: 400', async () => {
  const server = await testServer()
  expect(await sendRaw(server.port, 'GET', '/house/%zz', {})).toMatchObject({ status: 400, code: 'InvalidURI' })
  expect(await sendRaw(server.port, 'GET', '/house/k', { authorization: 'Basic x' })).toMatchObject({
    code: 'AuthorizationHeaderMalformed',
  })
})

test('TLS', async () => {
  const server = await testServer()
  const [key, cert] = [join(server.folder, 'key'), join(server.folder, 'cert')]
  const flags = [
    '-nodes',
    '-days',
    '1',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-subj',
    '/CN=localhost',
  ]
  execFileSync(
    'openssl',
    ['req', '-x509', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert, ...flags],
    {
      stdio: 'ignore',
    },
  )
  const tls = { key: await readFile(key, 'utf8'), cert: await readFile(cert, 'utf8') }
  const secure = await testServer({ tls })
  expect(secure.url).toMatch(/^https:/)
  const agent = new Agent({ ca: tls.cert })
  const url = presign(secure, { method: 'GET', path: '/house/k', seconds: 60 })
  const status = await new Promise<number | undefined>((resolve, reject) => {
    request(url, { agent }, (response) => resolve(response.resume().statusCode))
      .on('error', reject)
      .end()
  })
  expect(status).toBe(404)
})
