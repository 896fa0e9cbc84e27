import { execFile } from 'node:child_process'
import { lstat, readdir, readlink, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { debianPackages, debianVersion } from './debian-packages.ts'

const run = promisify(execFile)

/** The oldest Java that the programs under test start with. */
const OLDEST = 17
/** Packages of Debian with a Java, the oldest first. */
const PACKAGES = ['openjdk-17-jre-headless', 'openjdk-21-jre-headless', 'openjdk-25-jre-headless']

/** `JAVA_HOME` for the programs that need it: null where the Java of this machine will do, else one of Debian, unpacked. */
export async function javaHome(): Promise<string | null> {
  const said = await run('java', ['-version']).catch(() => null)
  if (Number(/version "(\d+)/.exec(said?.stderr ?? '')?.[1] ?? 0) >= OLDEST) return null
  return unpackedJava()
}

/** A Java of this Debian, in a folder outside the checkout. */
export async function unpackedJava(): Promise<string> {
  for (const name of PACKAGES) {
    if ((await debianVersion(name)) === null) continue
    const folder = await debianPackages('java', [name], settingsWithin)
    const virtualMachines = join(folder, 'root/usr/lib/jvm')
    const home = (await readdir(virtualMachines)).find((each) => /^java-[\d.]+-openjdk/.test(each))
    return join(virtualMachines, home ?? '')
  }
  throw new Error(`this Debian offers no Java: ${PACKAGES.join(', ')}`)
}

/** Its settings are links to /etc, which is elsewhere now. */
async function settingsWithin(root: string): Promise<void> {
  for (const name of await readdir(join(root, 'usr/lib/jvm'), { recursive: true })) {
    const path = join(root, 'usr/lib/jvm', name)
    if (!(await lstat(path)).isSymbolicLink()) continue
    const target = await readlink(path)
    if (!target.startsWith('/etc/')) continue
    await rm(path)
    await symlink(join(root, target), path)
  }
}
