import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { TOOLS_CACHE } from '@dwh/test-kit'

const run = promisify(execFile)

/** The program that builds and runs images on this machine. */
export interface Engine {
  /** For example `podman 4.3.1, alone`. */
  readonly name: string
  readonly buildFlags: readonly string[]
  readonly runFlags: readonly string[]
  /** Whether all its images belong to the tests. */
  readonly ownStorage: boolean
  /** Returns its command line with these arguments. */
  command(args: readonly string[]): readonly [string, ...string[]]
}

/** Runs a command of the engine and returns stdout, or both outputs. */
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
  'Install Docker, or podman and crun (Debian, as root: tools/suites/runner/install-debian-packages, which also installs the tools for a base image).'

/**
 * Returns docker if its daemon answers; else podman; else podman as root with its own storage and mount namespace. The
 * last one needs neither systemd nor a cgroup, so it works inside a container and in a small virtual machine.
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

/** Whether podman can start a program at all: one program, in its own file system. */
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

/** The kernel's limit: without CAP_SYS_RESOURCE, podman may not ask for more. */
const LIMITS = ['--ulimit', 'nofile=16384:16384', '--ulimit', 'nproc=16384:16384']

async function podmanAlone(): Promise<Engine> {
  const { stdout } = await run('podman', ['version', '--format', '{{.Client.Version}}'])
  const driver = await storageDriver(TOOLS_CACHE)
  // podman opens a storage only with the driver and folders that made it, so each combination has its own folder
  const root = join(TOOLS_CACHE, `podman-${driver}`)
  await mkdir(root, { recursive: true })
  const mounts = await ownMounts()
  // the list of running containers, which a restart of the machine clears
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

/** Chooses overlay if the kernel allows it, since it copies nothing. */
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
 * Makes a mount namespace without visible cgroups, since crun refuses a machine with both kinds. A process holds it and
 * ends with this one, whose end closes its stdin.
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
