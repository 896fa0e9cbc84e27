import { execFile } from 'node:child_process'
import { access, chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { startPostgresServer } from '@dwh/postgres-server'
import { installed } from './installed.ts'

const run = promisify(execFile)

/** The code that makes a cluster. When it changes, stored templates are not used any more. */
const START_SERVER = new URL('../../postgres-server/src/start-server.ts', import.meta.url)

/**
 * Copies the programs and the new cluster of a server into an empty folder. The template is made once and stored
 * outside the checkout, since copying the programs and running initdb takes seconds, and the tests start dozens of
 * servers.
 */
export async function copyServerTemplate(native: string, folder: string): Promise<void> {
  if (await exists(join(folder, 'initialised'))) return
  const template = await serverTemplate(native)
  for (const name of await readdir(template)) {
    if (name === 'complete') continue
    // the programs are never written, so they are hard links where the file system allows it
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
    // the server's user, if started by root, may have no access to the template's folder
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
