import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { installed } from '@dwh/test-kit'
import { type Engine, engineCall } from './engine.ts'

export const ROOT: string = fileURLToPath(new URL('../../../../', import.meta.url))

const OFFICIAL = 'docker.io/library/node:24-bookworm-slim'
const LOCAL = 'localhost/dwh-node:24-bookworm-slim'

export interface BuildOptions {
  readonly tag: string
  readonly args?: Readonly<Record<string, string>>
  /** Default: this checkout. */
  readonly context?: string
}

/**
 * Builds `docker/Dockerfile` on the official Node image or, if no image registry can be reached, on a substitute made
 * here. Shows the output of the engine.
 */
export async function buildImage(engine: Engine, { tag, args = {}, context = ROOT }: BuildOptions): Promise<void> {
  const base = await baseImage(engine)
  const given = Object.entries({ NODE_IMAGE: base, ...args }).flatMap(([name, value]) => [
    '--build-arg',
    `${name}=${value}`,
  ])
  const format = engine.name.startsWith('podman') ? ['--format', 'docker', '--layers', '--pull=never'] : []
  await shown(engine, [
    'build',
    ...engine.buildFlags,
    ...format,
    ...given,
    '--tag',
    tag,
    '--file',
    join(context, 'docker/Dockerfile'),
    context,
  ])
}

let base: Promise<string> | undefined

/** Returns the image to build on; made once for this process. */
export function baseImage(engine: Engine): Promise<string> {
  base ??= findBaseImage(engine)
  return base
}

async function findBaseImage(engine: Engine): Promise<string> {
  // remove the images of earlier checkouts: each has most of a gigabyte
  if (engine.ownStorage) await engineCall(engine, ['image', 'prune', '--force', '--all', '--filter', 'until=24h'])
  if (process.env.NODE_IMAGE) return process.env.NODE_IMAGE
  if (await hasImage(engine, LOCAL)) return LOCAL
  if (await hasImage(engine, OFFICIAL)) return OFFICIAL
  const pulled = await engineCall(engine, ['pull', '--quiet', OFFICIAL]).then(
    () => true,
    () => false,
  )
  return pulled ? OFFICIAL : importBase(engine)
}

async function importBase(engine: Engine): Promise<string> {
  const script = fileURLToPath(new URL('../make-base-image', import.meta.url))
  const folder = await installed('base-image', 'bookworm, node 24, npm 11', async (place) => {
    await finished(spawn(script, ['24', join(place, 'root.tar.gz')], { stdio: ['ignore', 2, 2] }), script)
  })
  const changes = [
    'CMD ["node"]',
    'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    'ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt',
  ]
  await engineCall(engine, [
    'import',
    ...changes.flatMap((change) => ['--change', change]),
    join(folder, 'root.tar.gz'),
    LOCAL,
  ])
  return LOCAL
}

export function hasImage(engine: Engine, image: string): Promise<boolean> {
  return engineCall(engine, ['image', 'inspect', image]).then(
    () => true,
    () => false,
  )
}

async function shown(engine: Engine, args: readonly string[]): Promise<void> {
  const [file, ...rest] = engine.command(args)
  await finished(spawn(file, rest, { stdio: ['ignore', 2, 2] }), `${engine.name} ${args[0]}`)
}

async function finished(child: ReturnType<typeof spawn>, what: string): Promise<void> {
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  if (code !== 0) throw new Error(`${what} failed with ${code}`)
}
