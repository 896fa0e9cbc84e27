import { spawn } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from '@dwh/test-kit'
import { programs } from './programs.ts'
import { plainEnv, run } from './run.ts'

/** An npm registry on this machine. Third-party packages come from the registry that npm is set to. */
export interface Registry {
  readonly url: string
  /** Environment with which npm publishes to this registry only, without the credentials of this machine. */
  readonly env: Readonly<Record<string, string>>
  /** Ends its process; resolves when it has ended. */
  stop(): Promise<void>
}

const HOST = '127.0.0.1'
const READY_TIMEOUT_MS = 60_000
const POLL_MS = 100

/** Starts an empty Verdaccio with all its files in `folder`. */
export async function startRegistry(folder: string): Promise<Registry> {
  const tools = await programs()
  await mkdir(folder, { recursive: true })
  const port = await freePort()
  const url = `http://${HOST}:${port}/`
  const uplink = (await run(['npm', 'config', 'get', 'registry'], { cwd: folder })).trim()
  const config = {
    storage: join(folder, 'storage'),
    uplinks: { npm: { url: uplink } },
    packages: {
      '@dwh/*': { access: '$all', publish: '$authenticated' },
      '**': { access: '$all', proxy: 'npm' },
    },
    auth: { htpasswd: { file: join(folder, 'htpasswd') } },
    log: { type: 'stdout', format: 'json', level: 'warn' },
    listen: `${HOST}:${port}`,
  }
  // YAML can be JSON
  await writeFile(join(folder, 'config.yaml'), JSON.stringify(config))

  // the newest Node, whatever this machine has: Verdaccio needs it
  const child = spawn(join(tools.node(24), 'node'), [tools.verdaccio, '--config', join(folder, 'config.yaml')], {
    cwd: folder,
    env: plainEnv({ HOME: folder }),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
  }
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const stop = async () => {
    child.kill('SIGKILL')
    await ended
  }
  try {
    const deadline = Date.now() + READY_TIMEOUT_MS
    while (!(await answers(url))) {
      if (child.exitCode !== null || Date.now() > deadline) throw new Error(`the registry did not start: ${said}`)
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    }
    const userConfig = join(folder, 'npmrc')
    await writeFile(userConfig, `registry=${url}\n//${HOST}:${port}/:_authToken=${await makeUser(url)}\n`)
    // started by pnpm, the registry is in the environment, which takes precedence over files
    return { url, env: { HOME: folder, NPM_CONFIG_USERCONFIG: userConfig, npm_config_registry: url }, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function answers(url: string): Promise<boolean> {
  return fetch(`${url}-/ping`).then(
    ({ ok }) => ok,
    () => false,
  )
}

/** Makes a user who may publish and returns the user's token, which is valid for this registry only. */
async function makeUser(url: string): Promise<string> {
  const name = 'release'
  const response = await fetch(`${url}-/user/org.couchdb.user:${name}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name, password: 'only-for-this-run' }),
  })
  const { token } = (await response.json()) as { token?: string }
  if (token === undefined) throw new Error(`the registry did not make a user: ${response.status}`)
  return token
}
