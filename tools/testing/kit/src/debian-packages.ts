import { execFile } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { installed } from './installed.ts'

const run = promisify(execFile)

/**
 * Downloads packages of this Debian and unpacks them into `root` of a folder outside the checkout; nothing is installed
 * and no rights are needed. `finish` changes what was unpacked, before the folder counts as complete.
 */
export async function debianPackages(
  name: string,
  packages: readonly string[],
  finish: (root: string) => Promise<void> = async () => {},
): Promise<string> {
  const versions = await Promise.all(packages.map(debianVersion))
  const pins = packages.map((each, i) => `${each}=${versions[i]}`)
  return installed(name, pins.join('\n'), async (folder) => {
    // apt drops its rights and would complain that it cannot write there
    const temporary = await mkdtemp(join(tmpdir(), 'dwh-apt-'))
    await chmod(temporary, 0o777)
    await run('apt-get', ['download', ...pins], { cwd: temporary })
    const root = join(folder, 'root')
    await mkdir(root)
    for (const file of await readdir(temporary)) await run('dpkg', ['-x', join(temporary, file), root])
    await finish(root)
    await rm(temporary, { recursive: true, force: true })
  })
}

/** The version of a package that this Debian offers; null if it offers none. */
export async function debianVersion(name: string): Promise<string | null> {
  const { stdout } = await run('apt-cache', ['policy', name])
  const version = /Candidate: (\S+)/.exec(stdout)?.[1]
  return version === undefined || version === '(none)' ? null : version
}
