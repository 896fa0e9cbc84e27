import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { installed } from '@dwh/test-kit'

const run = promisify(execFile)

/** A service of a compose file, as read by the specification's own library. */
export interface Service {
  readonly image: string
  readonly command: readonly string[] | null
  readonly environment?: Readonly<Record<string, string | null>>
  readonly volumes?: readonly { readonly type: string; readonly source: string; readonly target: string }[]
  readonly ports?: readonly { readonly host_ip?: string; readonly target: number; readonly published: string }[]
  readonly healthcheck?: { readonly test?: readonly string[]; readonly disable?: boolean }
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
  readonly profiles?: readonly string[]
  readonly restart?: string
  readonly user?: string
  readonly read_only?: boolean
  readonly cap_drop?: readonly string[]
  readonly security_opt?: readonly string[]
  readonly tty?: boolean
  readonly stdin_open?: boolean
}

/**
 * Reads a compose file with https://github.com/compose-spec/compose-go, the library of docker compose: all profiles,
 * and variables from `env` only. Needs Go 1.25 or newer.
 * @throws Error with the library's message about a wrong file
 */
export async function loadCompose(
  path: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Readonly<Record<string, Service>>> {
  const { stdout } = await run(await program(), [path], { env: { PATH: process.env.PATH, ...env } })
  return JSON.parse(stdout).services
}

async function program(): Promise<string> {
  const source = fileURLToPath(new URL('../compose-config', import.meta.url))
  const files = await Promise.all(['main.go', 'go.mod', 'go.sum'].map((name) => readFile(join(source, name), 'utf8')))
  const folder = await installed('compose-config', files.join('\n'), async (place) => {
    const env = { ...process.env, GOTOOLCHAIN: 'local', CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false -mod=readonly' }
    await run('go', ['build', '-trimpath', '-o', join(place, 'compose-config'), '.'], { cwd: source, env })
  })
  return join(folder, 'compose-config')
}
