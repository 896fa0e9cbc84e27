import { execFile } from 'node:child_process'
import { access, chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { startPostgresServer } from '@dwh/postgres-server'
import { installed } from './installed.ts'

const run = promisify(execFile)

/** What makes a cluster: with another one the copies that are kept are of no use. */
const START_SERVER = new URL('../../postgres-server/src/start-server.ts', import.meta.url)

/**
 * Puts the programs and the fresh cluster of a server into an empty folder. They are made once, and kept outside the
 * checkout: to copy the programs and
 * to run initdb takes seconds, and the tests start dozens of servers.
 */
export async function copyServerTemplate(native: string, folder: string): Promise<void> {
  if (await exists(join(folder, 'initialised'))) return
  const template = await serverTemplate(native)
  for (const name of await readdir(template)) {
    if (name === 'complete') continue
    // nobody writes to programs: where the file system lets us, they are the same files
    const isPrograms = name.startsWith('postgres-')
    const linked = isPrograms && (await run('cp', ['-al', join(template, name), folder]).then(...BOTH))
    if (linked) continue
    if (isPrograms) await rm(join(folder, name), { recursive: true, force: true })
    await run('cp', ['-a', join(template, name), folder])
  }
}

const BOTH = [() => true, () => false] as const

async function serverTemplate(native: string): Promise<string> {
  const { version } = JSON.parse(await readFile(join(native, '..', 'package.json'), 'utf8')) as { version: string }
  const pins = `${version}\n${await readFile(START_SERVER, 'utf8')}`
  return installed(`postgres-server-${version}`, pins, async (kept) => {
    // the user that it runs as, started by root, may not enter the folder where it is kept
    const temporary = await mkdtemp(join(tmpdir(), 'dwh-server-template-'))
    try {
      await chmod(temporary, 0o755)
      await (await startPostgresServer({ native, folder: temporary })).stop()
      await run('cp', ['-a', `${temporary}/.`, kept])
    } finally {
      await rm(temporary, { recursive: true, force: true })
    }
  })
}

function exists(path: string): Promise<boolean> {
  return access(path).then(...BOTH)
}
