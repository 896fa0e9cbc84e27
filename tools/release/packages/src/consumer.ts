import { mkdir, mkdtemp, readdir, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TOOLS_CACHE } from '@dwh/test-kit'
import type { Packed } from './pack.ts'
import { type NodeMajor, type Programs, programs } from './programs.ts'
import { plainEnv, run } from './run.ts'
import { PNPM } from './workspace.ts'

export type ManagerName = 'npm' | 'pnpm' | 'yarn 1' | 'yarn 4'

/** A folder outside the checkout, like that of a user of the packages. */
export interface Consumer {
  readonly folder: string
  /** Writes a `package.json` with our packages and `others`, and installs them without running scripts. */
  install(packed: readonly Packed[], others?: Readonly<Record<string, string>>): Promise<void>
  /** Runs a program of an installed package with this package manager. */
  exec(program: string, args: readonly string[], options?: RunInside): Promise<string>
  /** Runs a program of a package that is not installed, with this package manager: `npx`, `pnpm dlx`. */
  execOnce(packed: readonly Packed[], program: string, args: readonly string[]): Promise<string>
  /** Runs another program with the same Node and environment. */
  run(command: readonly [string, ...string[]], options?: RunInside): Promise<string>
  remove(): Promise<void>
}

export interface RunInside {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
}

/** Makes an empty folder in which one package manager and one real Node work. */
export async function openConsumer(name: ManagerName, major: NodeMajor): Promise<Consumer> {
  const tools = await programs()
  const place = await realpath(await mkdtemp(join(tmpdir(), 'dwh-consumer-')))
  const folder = join(place, 'folder')
  const home = join(place, 'home')
  for (const path of [folder, home]) await mkdir(path)
  const manager = MANAGERS[name](tools)
  const path = `${tools.node(major)}:${process.env.PATH}`
  const caches = await cachesIn(home)
  /** Environments: a package manager has the caches of this machine, a program has none. */
  const managed = plainEnv({ ...caches, ...manager.env, PATH: path })
  const inside = ({ cwd = folder, env = {} }: RunInside = {}) => ({ cwd, env: { ...managed, HOME: home, ...env } })
  return {
    folder,
    async install(packed, others = {}) {
      const ours = Object.fromEntries(packed.map((one) => [one.name, `file:${one.path}`]))
      const manifest = {
        private: true,
        type: 'module',
        dependencies: { ...ours, ...others },
        ...manager.settings(ours),
      }
      await writeFile(join(folder, 'package.json'), JSON.stringify(manifest, null, 2))
      await run([...manager.command, ...manager.install], { cwd: folder, env: managed })
    },
    execOnce: (packed, program, args) => run([...manager.execOnce(packed), program, ...args], inside()),
    exec: (program, args, options) => run([...manager.exec, program, ...args], inside(options)),
    run: (command, options) => run([...command], inside(options)),
    async remove() {
      await rm(place, { recursive: true, force: true })
      for (const cache of [
        join(managed.YARN_CACHE_FOLDER as string, 'v6'),
        join(managed.YARN_GLOBAL_FOLDER as string, 'cache'),
      ])
        await forgetOurs(cache)
    },
  }
}

/** Returns cache settings: downloads stay in the caches of this machine; what is made for one folder does not. */
async function cachesIn(home: string): Promise<Record<string, string>> {
  const npm = join(home, 'npm')
  await mkdir(npm)
  const setting = async (name: string) => (await run(['npm', 'config', 'get', name], { cwd: home })).trim()
  const downloads = join(await setting('cache'), '_cacache')
  await mkdir(downloads, { recursive: true })
  await symlink(downloads, join(npm, '_cacache'))
  const registry = await setting('registry')
  return {
    npm_config_cache: npm,
    npm_config_update_notifier: 'false',
    npm_config_registry: registry,
    // the place where `pnpm dlx` installs
    XDG_CACHE_HOME: join(home, 'cache'),
    // yarn uses its own registry unless told otherwise
    YARN_REGISTRY: registry,
    YARN_CACHE_FOLDER: join(TOOLS_CACHE, 'yarn-1'),
    YARN_GLOBAL_FOLDER: join(TOOLS_CACHE, 'yarn-4'),
    YARN_NPM_REGISTRY_SERVER: registry,
  }
}

/** Removes our own packages and unfinished files from a cache of yarn: they differ each time they are packed. */
async function forgetOurs(cache: string): Promise<void> {
  const entries = await readdir(cache).catch(() => [])
  for (const entry of entries)
    if (/^(\.tmp$|(npm-)?@dwh-)/.test(entry)) await rm(join(cache, entry), { recursive: true, force: true })
}

interface Manager {
  readonly command: readonly [string, ...string[]]
  readonly install: readonly string[]
  readonly exec: readonly [string, ...string[]]
  execOnce(packed: readonly Packed[]): readonly [string, ...string[]]
  readonly env?: Readonly<Record<string, string>>
  /** Makes our packages use each other's tarballs, since no registry has this version. npm does so by itself. */
  settings(ours: Readonly<Record<string, string>>): object
}

const MANAGERS: Readonly<Record<ManagerName, (tools: Programs) => Manager>> = {
  npm: () => ({
    command: ['npm'],
    install: ['install', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'],
    exec: ['npx', '--no', '--'],
    execOnce: (packed) => ['npx', '--yes', ...packed.map(({ path }) => `--package=${path}`), '--'],
    settings: () => ({}),
  }),
  pnpm: () => ({
    command: ['npx', '--yes', PNPM],
    install: ['install', '--ignore-scripts', '--prefer-offline'],
    exec: ['npx', '--yes', PNPM, 'exec'],
    execOnce: (packed) => ['npx', '--yes', PNPM, ...packed.map(({ path }) => `--package=${path}`), 'dlx'],
    settings: (ours) => ({ pnpm: { overrides: ours } }),
  }),
  'yarn 1': ({ yarn1 }) => ({
    command: ['node', yarn1],
    install: ['install', '--ignore-scripts', '--prefer-offline', '--non-interactive'],
    exec: ['node', yarn1, '--silent', 'run'],
    execOnce: () => {
      throw new Error('yarn 1 can only run installed packages')
    },
    settings: (ours) => ({ resolutions: ours }),
  }),
  // yarn's Plug'n'Play has a file system without `FileHandle.sync`, which durable writes need
  'yarn 4': ({ yarn4 }) => ({
    command: ['node', yarn4],
    install: ['install'],
    exec: ['node', yarn4, 'run'],
    execOnce: (packed) => [
      'node',
      yarn4,
      'dlx',
      '--quiet',
      ...packed.flatMap(({ name, path }) => ['--package', `${name}@file:${path}`]),
    ],
    env: {
      YARN_ENABLE_SCRIPTS: '0',
      YARN_ENABLE_TELEMETRY: '0',
      YARN_NODE_LINKER: 'node-modules',
      YARN_ENABLE_IMMUTABLE_INSTALLS: '0',
    },
    settings: (ours) => ({ resolutions: ours }),
  }),
}
