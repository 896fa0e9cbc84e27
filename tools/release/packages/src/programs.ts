import { copyFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { installed } from '@dwh/test-kit'
import { run } from './run.ts'

/** Real Node binaries, `programs/package.json` has their versions: the oldest that is supported, and those that people have. */
export type NodeMajor = 20 | 22 | 24

/** Other people's programs that the packages are tried with. */
export interface Programs {
  /** The folder that has `node`, for the PATH. */
  node(major: NodeMajor): string
  /** A script, to be started with Node. */
  readonly yarn1: string
  readonly yarn4: string
  readonly verdaccio: string
}

const PINS = new URL('../programs/', import.meta.url)

/** Installs them once, outside the checkout, as the lockfile beside their names has them. */
export async function programs(): Promise<Programs> {
  const lockfile = await readFile(new URL('package-lock.json', PINS), 'utf8')
  const folder = await installed('package-programs', lockfile, async (place) => {
    for (const name of ['package.json', 'package-lock.json']) await copyFile(new URL(name, PINS), join(place, name))
    await run(['npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: place, timeoutMs: 600_000 })
  })
  const modules = join(folder, 'node_modules')
  return {
    node: (major) => join(modules, `node-${major}/bin`),
    yarn1: join(modules, 'yarn-1/bin/yarn.js'),
    yarn4: join(modules, 'yarn-4/bin/yarn.js'),
    verdaccio: join(modules, 'verdaccio/bin/verdaccio'),
  }
}
