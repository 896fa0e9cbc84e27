import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { debianPackages } from './debian-packages.ts'
import { freePort } from './free-port.ts'

const PACKAGES = ['pgbouncer', 'libevent-2.1-7', 'libc-ares2']

/** Downloads Debian's PgBouncer and its libraries and unpacks them outside the checkout; nothing is installed. */
export function pgbouncerFolder(): Promise<string> {
  return debianPackages('pgbouncer', PACKAGES)
}

export interface Pooler {
  readonly host: string
  readonly port: number
  stop(): Promise<void>
}

/** Starts PgBouncer in transaction mode in front of one server, or of several on one port. */
export async function startPgbouncer(
  target: {
    readonly hosts: readonly string[]
    readonly port: number
    readonly user: string
    readonly password: string
  },
  settings: Readonly<Record<string, string | number>>,
): Promise<Pooler> {
  const root = join(await pgbouncerFolder(), 'root')
  const folder = await mkdtemp(join(tmpdir(), 'dwh-pgbouncer-'))
  await chmod(folder, 0o755)
  const port = await freePort()
  const all = {
    listen_addr: '127.0.0.1',
    listen_port: port,
    unix_socket_dir: '',
    pool_mode: 'transaction',
    auth_type: 'scram-sha-256',
    auth_file: join(folder, 'users'),
    // as root, PgBouncer insists on another user
    ...(process.getuid?.() === 0 ? { user: 'nobody' } : {}),
    ...settings,
  }
  await writeFile(join(folder, 'users'), `"${target.user}" "${target.password}"\n`)
  await writeFile(
    join(folder, 'pgbouncer.ini'),
    [
      '[databases]',
      `* = host=${target.hosts.join(',')} port=${target.port}`,
      '[pgbouncer]',
      ...Object.entries(all).map(([name, value]) => `${name} = ${value}`),
      '',
    ].join('\n'),
  )
  const child = spawn(join(root, 'usr/sbin/pgbouncer'), [join(folder, 'pgbouncer.ini')], {
    env: { LD_LIBRARY_PATH: join(root, 'usr/lib/x86_64-linux-gnu') },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  await new Promise<void>((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text
      if (said.includes('process up')) resolve()
    })
    child.once('error', reject)
    child.once('exit', () => reject(new Error(`pgbouncer did not start:\n${said}`)))
  })
  return {
    host: '127.0.0.1',
    port,
    async stop() {
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
      await rm(folder, { recursive: true, force: true })
    },
  }
}
