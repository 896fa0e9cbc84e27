import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { type Engine, engineCall } from './engine.ts'

export interface ContainerOptions {
  readonly image: string
  /** Default: the image's own. */
  readonly command?: readonly string[] | undefined
  readonly env?: Readonly<Record<string, string>> | undefined
  /** `volume:/place` or `/folder:/place`. */
  readonly volumes?: readonly string[] | undefined
  /** In place of the flags that harden it. */
  readonly flags?: readonly string[] | undefined
}

export interface RunContainerOptions extends ContainerOptions {
  /** For its stdin, which is no terminal. */
  readonly input?: string | undefined
}

export interface Ended {
  readonly code: number
  /** stdout and stderr, as the engine logs them. */
  readonly log: string
}

export interface Container {
  readonly name: string
  log(): Promise<string>
  running(): Promise<boolean>
  /** Runs a command inside; what it prints, to stdout and stderr. */
  exec(command: readonly string[]): Promise<string>
  /** Waits until it has ended by itself. */
  ended(): Promise<Ended>
  /** What `docker stop` does: SIGTERM, and SIGKILL when it is still there after `seconds`. */
  stop(seconds: number): Promise<Ended>
  /** With its anonymous volumes. */
  remove(): Promise<void>
}

/** As strict as an engine can be: nothing may be written but the volumes, nothing may be gained. */
export const HARDENED: readonly string[] = ['--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges']

/** Starts a container on the network of this machine. */
export async function startContainer(engine: Engine, options: ContainerOptions): Promise<Container> {
  const name = `dwh-test-${randomBytes(6).toString('hex')}`
  await engineCall(engine, ['run', '--detach', '--name', name, ...argumentsOf(engine, options)])
  const call = (...args: string[]) => engineCall(engine, args)
  const ended = async (): Promise<Ended> => {
    const code = Number(await call('wait', name))
    return { code, log: await log() }
  }
  const log = () => engineCall(engine, ['logs', name], { both: true })
  return {
    name,
    log,
    running: async () => (await call('inspect', '--format', '{{.State.Running}}', name)) === 'true',
    exec: (args) => engineCall(engine, ['exec', name, ...args], { both: true }),
    ended,
    async stop(seconds) {
      await call('stop', '--time', String(seconds), name)
      return ended()
    },
    remove: async () => void (await call('rm', '--force', '--volumes', name)),
  }
}

/** Runs a container to its end, and removes it. */
export async function runContainer(engine: Engine, options: RunContainerOptions): Promise<Ended> {
  if (options.input !== undefined) return runWithInput(engine, options, options.input)
  const container = await startContainer(engine, options)
  try {
    return await container.ended()
  } finally {
    await container.remove()
  }
}

async function runWithInput(engine: Engine, options: ContainerOptions, input: string): Promise<Ended> {
  const [file, ...args] = engine.command(['run', '--rm', '--interactive', ...argumentsOf(engine, options)])
  const child = spawn(file, args)
  let log = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      log += text
    })
  child.stdin.end(input)
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve(code ?? -1))
  })
  return { code, log: log.trim() }
}

function argumentsOf(engine: Engine, options: ContainerOptions): string[] {
  const { image, command = [], env = {}, volumes = [], flags = HARDENED } = options
  // podman puts a tmpfs on /tmp of its own accord, which docker does not: without it nobody can rely on it
  const strict = engine.name.startsWith('podman') && flags.includes('--read-only') ? ['--read-only-tmpfs=false'] : []
  return [
    ...engine.runFlags,
    ...flags,
    ...strict,
    // podman asks systemd to look after it; the tests ask for themselves
    '--no-healthcheck',
    ...Object.entries(env).flatMap(([key, value]) => ['--env', `${key}=${value}`]),
    ...volumes.flatMap((volume) => ['--volume', volume]),
    image,
    ...command,
  ]
}
