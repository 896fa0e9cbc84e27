import { execFile } from 'node:child_process'
import { chmod, chown, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { withClient } from './test-database.ts'
import { startTestServer } from './test-server.ts'
import type { PostgresVersion } from './tuned-server.ts'

const run = promisify(execFile)

type Server = Awaited<ReturnType<typeof startTestServer>>

/** Makes certificates in a folder with the `openssl` of the machine; each is `<name>.crt` beside `<name>.key`. */
export interface CertificateMaker {
  path(file: string): string
  remove(): Promise<void>
  /** Makes a certificate authority. */
  authority(name: string): Promise<void>
  /** Makes a certificate for `subject`, valid for `names` (DNS:..., IP:...), signed by `by`. */
  certificate(name: string, by: string, subject: string, names?: string, days?: number): Promise<void>
}

export async function certificateMaker(): Promise<CertificateMaker> {
  const folder = await mkdtemp(join(tmpdir(), 'dwh-test-'))
  await chmod(folder, 0o755)
  const path = (file: string) => join(folder, file)
  const openssl = (...args: string[]) => run('openssl', args, { cwd: folder })
  const request = ['req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-sha256']
  return {
    path,
    remove: () => rm(folder, { recursive: true, force: true }),
    async authority(name) {
      await openssl(
        ...request,
        '-x509',
        '-days',
        '3',
        '-subj',
        `/CN=${name}`,
        '-keyout',
        `${name}.key`,
        '-out',
        `${name}.crt`,
      )
    },
    async certificate(name, by, subject, names = '', days = 3) {
      await openssl(...request, '-subj', `/CN=${subject}`, '-keyout', `${name}.key`, '-out', `${name}.csr`)
      await writeFile(path(`${name}.ext`), names === '' ? '' : `subjectAltName=${names}\n`)
      await openssl(
        ...['x509', '-req', '-in', `${name}.csr`, '-CA', `${by}.crt`, '-CAkey', `${by}.key`, '-CAcreateserial'],
        ...['-days', String(days), '-sha256', '-extfile', `${name}.ext`, '-out', `${name}.crt`],
      )
      await chmod(path(`${name}.key`), 0o600)
    },
  }
}

export interface SecureServer {
  readonly server: Server
  /** The folder of its Unix socket, on which `postgres` logs in with a password. */
  readonly socket: string
  /** Replaces `pg_hba.conf`. */
  rules(lines: readonly string[]): Promise<void>
  /** Ends the server and removes its folder. */
  stop(): Promise<void>
}

/** Starts a server with TLS and the certificate `server.crt`. It accepts client certificates that `ca.crt` signed. */
export async function secureServer(made: CertificateMaker, version: PostgresVersion = 18): Promise<SecureServer> {
  const folder = await mkdtemp(join(tmpdir(), 'dwh-test-'))
  await chmod(folder, 0o755)
  const plain = await startTestServer({ folder, version })
  await plain.stop()
  const data = join(folder, 'data')
  const { uid, gid } = await stat(data)
  for (const file of ['server.crt', 'server.key', 'ca.crt']) {
    await writeFile(join(data, file), await readFile(made.path(file)), { mode: 0o600 })
    if (process.getuid?.() === 0) await chown(join(data, file), uid, gid)
  }
  const settings = { ssl: 'on', ssl_ca_file: 'ca.crt', unix_socket_directories: folder }
  if (process.getuid?.() === 0) await chown(folder, uid, gid)
  const server = await startTestServer({ folder, version, settings })
  const local = `postgres://postgres:${server.password}@/postgres?host=${encodeURIComponent(folder)}&port=${server.port}`
  return {
    server,
    socket: folder,
    async stop() {
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
    async rules(lines) {
      // the socket stays open to us, so that the rules can be changed again
      await writeFile(join(data, 'pg_hba.conf'), ['local all postgres scram-sha-256', ...lines, ''].join('\n'))
      await withClient(local, (client) => client.query('SELECT pg_reload_conf()'))
    },
  }
}
