import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startS3Server } from '@dwh/s3-server'
import { goProgram } from './go-program.ts'
import { type S3Store, startServer } from './start-server.ts'

export { goProgram } from './go-program.ts'
export { type S3Store, startServer } from './start-server.ts'

/** The tested version of versitygw, which the compose file uses too. */
export const VERSITYGW = 'v1.8.0'

const credentials = { accessKeyId: 'warehouse', secretAccessKey: 'only-for-this-test' }

/** A server certificate, and the authority to trust. PEM. */
export interface Certificate {
  readonly key: string
  readonly cert: string
  readonly authority: string
}

async function inFolder(start: (folder: string) => Promise<S3Store>): Promise<S3Store> {
  const folder = await mkdtemp(join(tmpdir(), 's3-store-'))
  const remove = () => rm(folder, { recursive: true, force: true })
  try {
    const server = await start(folder)
    return { ...server, stop: () => server.stop().finally(remove) }
  } catch (error) {
    await remove()
    throw error
  }
}

/** Starts the S3 server of our tests. It needs no build, and shows that the tests of the other servers can pass. */
export async function startOwnServer(): Promise<S3Store> {
  const server = await startS3Server()
  return { endpoint: server.url, credentials: server.credential, stop: () => server.close() }
}

/**
 * Starts versitygw over a folder: https://github.com/versity/versitygw (Apache-2.0). The file system must have extended
 * attributes.
 */
export async function startVersitygw(): Promise<S3Store> {
  const program = await goProgram('versitygw', 'github.com/versity/versitygw/cmd/versitygw', VERSITYGW)
  return inFolder(async (folder) => {
    for (const name of ['data', 'iam', 'versions']) await mkdir(join(folder, name))
    const args = (port: number) => [
      '--port',
      `127.0.0.1:${port}`,
      '--iam-dir',
      join(folder, 'iam'),
      '--quiet',
      'posix',
      '--versioning-dir',
      join(folder, 'versions'),
      join(folder, 'data'),
    ]
    const env = { ROOT_ACCESS_KEY: credentials.accessKeyId, ROOT_SECRET_KEY: credentials.secretAccessKey }
    return startServer(program, args, env, credentials)
  })
}

/**
 * Starts the last published community edition of MinIO (AGPL; run here, not linked), over TLS if there is a
 * certificate.
 */
export async function startMinio(certificate?: Certificate): Promise<S3Store> {
  const program = await goProgram('minio', 'github.com/minio/minio', 'v0.0.0-20260212201848-7aac2a2c5b7c')
  return inFolder(async (folder) => {
    const certificates = join(folder, 'certificates')
    await mkdir(certificates)
    if (certificate) {
      await writeFile(join(certificates, 'private.key'), certificate.key)
      await writeFile(join(certificates, 'public.crt'), certificate.cert)
    }
    const env = {
      MINIO_ROOT_USER: credentials.accessKeyId,
      MINIO_ROOT_PASSWORD: credentials.secretAccessKey,
      MINIO_BROWSER: 'off',
      MINIO_UPDATE: 'off',
      MINIO_DOMAIN: 'localhost',
    }
    const args = (port: number) => [
      'server',
      '--quiet',
      '--certs-dir',
      certificates,
      '--address',
      `127.0.0.1:${port}`,
      join(folder, 'data'),
    ]
    return startServer(program, args, env, credentials, certificate ? 'https' : 'http')
  })
}
