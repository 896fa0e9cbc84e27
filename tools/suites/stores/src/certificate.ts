import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Certificate } from '@dwh/s3-stores'
import { temporaryFolder } from '@dwh/test-kit'

const run = promisify(execFile)

/** Makes a certificate authority, and a certificate of it for localhost. Needs openssl. */
export async function makeCertificate(): Promise<Certificate> {
  const cwd = await temporaryFolder()
  const openssl = (...args: string[]) => run('openssl', args, { cwd })
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  await openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.crt', '-subj', '/CN=An authority of our own')
  const name = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
  await openssl(
    'req',
    '-x509',
    ...key,
    '-keyout',
    'server.key',
    '-out',
    'server.crt',
    '-CA',
    'ca.crt',
    '-CAkey',
    'ca.key',
    ...name,
  )
  const read = (file: string) => readFile(join(cwd, file), 'utf8')
  return { key: await read('server.key'), cert: await read('server.crt'), authority: await read('ca.crt') }
}
