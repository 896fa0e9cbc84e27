import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { TOOLS_CACHE } from '@dwh/test-kit'

const run = promisify(execFile)

/** What builds and runs images on this machine. */
export interface Engine {
  /** Such as `podman 4.3.1, alone`. */
  readonly name: string
  readonly buildFlags: readonly string[]
  readonly runFlags: readonly string[]
  /** Whether all images there are the tests' own. */
  readonly ownStorage: boolean
  /** Its command line with these arguments. */
  command(args: readonly string[]): readonly [string, ...string[]]
}

/** Runs a command of the engine, and gives what it writes to stdout, or to both. */
export async function engineCall(
  engine: Engine,
  args: readonly string[],
  { both = false }: { both?: boolean } = {},
): Promise<string> {
  const [file, ...rest] = engine.command(args)
  const { stdout, stderr } = await run(file, rest, { maxBuffer: 1e8 })
  return (both ? stdout + stderr : stdout).trim()
}

const WHAT_TO_INSTALL =
  'Install Docker, or podman and crun (Debian, as root: tools/suites/runner/install-debian-packages, which also brings what makes a base image).'

/**
 * Docker where its daemon answers; else podman; else podman as root with a storage and a mount namespace of its own, which needs neither systemd nor a cgroup: so
 * it works inside of a container and of a small virtual machine.
 * @throws Error that says what to install
 */
export async function findEngine(): Promise<Engine> {
  const tried: string[] = []
  for (const candidate of [docker, podman, podmanAlone]) {
    try {
      return await candidate()
    } catch (error) {
      const { message, stderr = '' } = error as Error & { stderr?: string }
      tried.push(`${candidate.name}: ${stderr.trim() || message}`)
    }
  }
  throw new Error(`no container engine works here:\n${tried.join('\n')}\n${WHAT_TO_INSTALL}`)
}

async function docker(): Promise<Engine> {
  const { stdout } = await run('docker', ['version', '--format', '{{.Server.Version}}'])
  return {
    name: `docker ${stdout.trim()}`,
    buildFlags: ['--network', 'host'],
    runFlags: ['--network', 'host'],
    ownStorage: false,
    command: (args) => ['docker', ...args],
  }
}

async function podman(): Promise<Engine> {
  const { stdout } = await run('podman', ['version', '--format', '{{.Client.Version}}'])
  await tryToRun()
  return {
    name: `podman ${stdout.trim()}`,
    buildFlags: ['--network', 'host'],
    runFlags: ['--network', 'host'],
    ownStorage: false,
    command: (args) => ['podman', ...args],
  }
}

/** Whether this machine lets podman start anything at all: one program, in a file system of its own. */
async function tryToRun(): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'dwh-engine-'))
  try {
    const { stdout } = await run('ldd', ['/bin/true'])
    for (const file of ['/bin/true', ...(stdout.match(/\/\S+/g) ?? [])]) {
      await mkdir(dirname(join(root, file)), { recursive: true })
      await copyFile(file, join(root, file))
    }
    await run('podman', ['run', '--rm', '--network', 'host', '--rootfs', root, '/bin/true'])
  } finally {
    await rm(root, { recursive: true, force: true })
  }
}

/** More than the kernel gives here cannot be asked for without CAP_SYS_RESOURCE, which podman would. */
const LIMITS = ['--ulimit', 'nofile=16384:16384', '--ulimit', 'nproc=16384:16384']

async function podmanAlone(): Promise<Engine> {
  const { stdout } = await run('podman', ['version', '--format', '{{.Client.Version}}'])
  const driver = await storageDriver(TOOLS_CACHE)
  // podman opens a storage with the driver and the places only that it was made with: so each combination is a folder of its own
  const root = join(TOOLS_CACHE, `podman-${driver}`)
  await mkdir(root, { recursive: true })
  const mounts = await ownMounts()
  // what is running, which a restart of the machine forgets
  const runRoot = `/run/dwh-podman-${createHash('sha256').update(root).digest('hex').slice(0, 8)}`
  const own = ['--root', join(root, 'storage'), '--runroot', runRoot, '--storage-driver', driver]
  const flags = [...own, '--cgroup-manager', 'cgroupfs', '--events-backend', 'file']
  const enter = ['nsenter', `--mount=/proc/${mounts.pid}/ns/mnt`, 'podman', ...flags] as const
  await run(enter[0], [...enter.slice(1), 'info'])
  return {
    name: `podman ${stdout.trim()}, alone, ${driver}`,
    buildFlags: ['--network', 'host', '--isolation', 'chroot'],
    runFlags: ['--network', 'host', '--cgroups', 'disabled', ...LIMITS],
    ownStorage: true,
    command: (args) => [...enter, ...args],
  }
}

/** Overlay where the kernel has it for us, since it copies nothing. */
async function storageDriver(cache: string): Promise<'overlay' | 'vfs'> {
  await mkdir(cache, { recursive: true })
  const probe = await mkdtemp(join(cache, 'probe-'))
  try {
    const places = ['--root', join(probe, 'root'), '--runroot', join(probe, 'run')]
    await run('podman', [...places, '--storage-driver', 'overlay', 'info'])
    return 'overlay'
  } catch {
    return 'vfs'
  } finally {
    // podman leaves its folder mounted on itself
    await run('umount', [join(probe, 'root/overlay')]).catch(() => {})
    await rm(probe, { recursive: true, force: true })
  }
}

/**
 * A mount namespace in which no cgroup is to be seen, where crun would refuse a machine that has both kinds. A process holds it, and ends with this one, whose end
 * closes its stdin.
 */
async function ownMounts(): Promise<ChildProcess> {
  const holder = spawn(
    'unshare',
    ['--mount', 'sh', '-c', 'mount -t tmpfs tmpfs /sys/fs/cgroup && echo ready && exec cat'],
    {
      stdio: ['pipe', 'pipe', 'pipe'],
    },
  )
  await new Promise<void>((resolve, reject) => {
    let said = ''
    holder.stderr.on('data', (text) => {
      said += text
    })
    holder.stdout.once('data', () => resolve())
    holder.once('error', reject)
    holder.once('close', () => reject(new Error(`no mount namespace: ${said.trim()}`)))
  })
  for (const held of [holder, holder.stdin, holder.stdout, holder.stderr])
    (held as unknown as { unref(): void }).unref()
  return holder
}
