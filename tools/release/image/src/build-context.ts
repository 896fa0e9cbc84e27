import { execFile } from 'node:child_process'
import { copyFile, cp, mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { ROOT } from './build-image.ts'

const run = promisify(execFile)

/**
 * Copies the files of a clone of this checkout to a folder, without other files of a developer's folder; with these
 * files in `docker/extensions`.
 */
export async function buildContext(folder: string, extensions: readonly string[] = []): Promise<void> {
  const list = ['ls-files', '-z', '--cached', '--others', '--exclude-standard']
  const { stdout } = await run('git', list, { cwd: ROOT, maxBuffer: 1e8 })
  for (const path of stdout.split('\0').filter(Boolean)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    // keep the modification times, which the builder's cache compares
    await cp(join(ROOT, path), join(folder, path), { preserveTimestamps: true }).catch((error) => {
      // deleted, but the deletion is not committed yet
      if (error.code !== 'ENOENT') throw error
    })
  }
  for (const file of extensions)
    await copyFile(file, join(folder, 'docker/extensions', file.split('/').at(-1) as string))
}
