import { spawn } from 'node:child_process'
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'

/*
 * Clones this checkout and types one command, as a user with only Node and npm does. Needs a registry to install from,
 * so it is a suite: not part of `npm test`.
 */

const root = fileURLToPath(new URL('../../../', import.meta.url))
const INSTALL_TIMEOUT_MS = 300_000
const isRoot = process.getuid?.() === 0

/** The uid of `nobody`: an ordinary user on every machine. */
const NORMAL_UID = 65534

interface Clone {
  readonly folder: string
  run(
    command: string,
    args: readonly string[],
    env?: Readonly<Record<string, string>>,
  ): Promise<{ code: number | null; output: string }>
}

/** Clones the last commit of this checkout to a folder that only its owner may enter. */
async function clone(uid?: number): Promise<Clone> {
  const place = await mkdtemp('/var/tmp/dwh-fresh-')
  onTestFinished(() => rm(place, { recursive: true, force: true }))
  const [home, folder] = [join(place, 'home'), join(place, 'clone')]
  await mkdir(home)
  const cloned = await finish('git', ['-c', 'safe.directory=*', 'clone', '--quiet', root, folder], {
    cwd: place,
    env: process.env,
  })
  expect(cloned.code, cloned.output).toBe(0)
  if (uid !== undefined) {
    for (const path of [place, ...(await readdir(place, { recursive: true })).map((name) => join(place, name))])
      await chown(path, uid, uid)
  }
  await chmod(place, 0o700)
  return {
    folder,
    run: (command, args, env = {}) =>
      finish(command, args, {
        cwd: folder,
        env: { ...inherited(), HOME: home, ...env },
        ...(uid === undefined ? {} : { uid, gid: uid }),
      }),
  }
}

/** Returns the variables by which this machine reaches and trusts its registry, and no others. */
function inherited(): Record<string, string> {
  const names = /^(PATH|LANG|TERM|.*_PROXY|NODE_EXTRA_CA_CERTS|SSL_CERT_(FILE|DIR)|npm_config_registry)$/i
  return Object.fromEntries(
    Object.entries(process.env).filter(([name, value]) => names.test(name) && value !== undefined),
  ) as Record<string, string>
}

/** Whether the demo's Postgres still runs at the address that it printed. */
function listens(output: string): Promise<boolean> {
  const port = Number(/at 127\.0\.0\.1:(\d+)/.exec(output)?.[1])
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

function finish(
  command: string,
  args: readonly string[],
  options: object,
): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        output += text
      })
    }
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, output }))
  })
}

const users: readonly { who: string; uid?: number }[] = [
  { who: 'the user who runs this' },
  ...(isRoot ? [{ who: 'a normal user', uid: NORMAL_UID }] : []),
]

test('npx dwh --version, in this checkout, installed and built', {
  timeout: INSTALL_TIMEOUT_MS,
}, async () => {
  const { run } = await clone()
  const caches = { HOME: homedir(), TURBO_CACHE_DIR: join(root, '.turbo/cache') }
  const version = await run('npx', ['dwh', '--version'], caches)
  expect(version, version.output).toMatchObject({ code: 0, output: expect.stringMatching(/^\d+\.\d+\.\d+$/m) })
})

describe.each(users)('a fresh clone, as $who', ({ uid }) => {
  test('npm start, twice', { timeout: INSTALL_TIMEOUT_MS }, async () => {
    const { folder, run } = await clone(uid)
    const first = await run('npm', ['start'])
    expect(first.code, first.output).toBe(0)
    for (const text of [
      'Seeded: a small SaaS company',
      'Published ',
      'Revenue by month',
      'Churn: ',
      'Try next',
      'DATABASE_URL=',
    ]) {
      expect(first.output).toContain(text)
    }
    const before = JSON.parse(await readFile(join(folder, 'dwh-demo/warehouse/etl.json'), 'utf8'))
    const second = await run('npm', ['start'])
    expect(second.code, second.output).toBe(0)
    expect(second.output).toContain('Reused: a small SaaS company')
    const after = JSON.parse(await readFile(join(folder, 'dwh-demo/warehouse/etl.json'), 'utf8'))
    expect(after.counts).toEqual(before.counts)
    expect(after.run_id).not.toBe(before.run_id)
    expect(after.sources).toEqual(before.sources)
    const query = await run('npx', ['dwh', 'query', '--json', 'SELECT count(*) AS n FROM customers'], {
      DWH_STORAGE: 'dwh-demo/warehouse',
    })
    expect(query).toMatchObject({ code: 0, output: expect.stringContaining('[\n  {"n":50}\n]\n') })
    expect((await run('git', ['status', '--porcelain'])).output).toBe('')
    for (const { output } of [first, second]) expect(await listens(output)).toBe(false)
  })

  test('npx dwh, from the root folder, nothing installed or built yet', {
    timeout: INSTALL_TIMEOUT_MS,
  }, async () => {
    const { run } = await clone(uid)
    const version = await run('npx', ['dwh', '--version'])
    expect(version, version.output).toMatchObject({ code: 0, output: expect.stringMatching(/^\d+\.\d+\.\d+$/m) })
    const help = await run('npx', ['dwh', 'help'])
    expect(help.output).toContain('Usage: dwh')
    const inside = await run('npx', ['dwh', '--version'], { npm_config_prefix: '/nonexistent' })
    expect(inside.code).toBe(0)
  })
})
