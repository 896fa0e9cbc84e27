import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { type Engine, engineCall } from './engine.ts'

export interface ContainerOptions {
  readonly image: string
  /** Default: the image's own command. */
  readonly command?: readonly string[] | undefined
  readonly env?: Readonly<Record<string, string>> | undefined
  /** `volume:/place` or `/folder:/place`. */
  readonly volumes?: readonly string[] | undefined
  /** Replaces the flags that harden the container. */
  readonly flags?: readonly string[] | undefined
}

export interface RunContainerOptions extends ContainerOptions {
  /** Text for its stdin, which is not a terminal. */
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
  /** Runs a command in the container and returns its output, stdout and stderr. */
  exec(command: readonly string[]): Promise<string>
  /** Waits until the container has ended by itself. */
  ended(): Promise<Ended>
  /** Stops it as `docker stop` does: SIGTERM, and SIGKILL if it still runs after `seconds`. */
  stop(seconds: number): Promise<Ended>
  /** Removes it with its anonymous volumes. */
  remove(): Promise<void>
}

/** The strictest flags: only volumes are writable, and no privilege can be gained. */
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

/** Runs a container to its end and removes it. */
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
  // unlike docker, podman mounts a tmpfs on /tmp by default; without it the test shows that the image does not need one
  const strict = engine.name.startsWith('podman') && flags.includes('--read-only') ? ['--read-only-tmpfs=false'] : []
  return [
    ...engine.runFlags,
    ...flags,
    ...strict,
    // podman would let systemd run the healthcheck; the tests run it themselves
    '--no-healthcheck',
    ...Object.entries(env).flatMap(([key, value]) => ['--env', `${key}=${value}`]),
    ...volumes.flatMap((volume) => ['--volume', volume]),
    image,
    ...command,
  ]
}
