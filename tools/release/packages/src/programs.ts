import { copyFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { installed } from '@dwh/test-kit'
import { run } from './run.ts'

/** Real Node binaries, with the versions of `programs/package.json`: the oldest supported one, and common ones. */
export type NodeMajor = 20 | 22 | 24

/** Third-party programs for the tests of the packages. */
export interface Programs {
  /** The folder with `node`, for the PATH. */
  node(major: NodeMajor): string
  /** A script, to be started with Node. */
  readonly yarn1: string
  readonly yarn4: string
  readonly verdaccio: string
}

const PINS = new URL('../programs/', import.meta.url)

/** Installs them once, outside the checkout, from the lockfile in `programs/`. */
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
