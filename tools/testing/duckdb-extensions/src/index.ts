import { execFile } from 'node:child_process'
import { copyFile, mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { installed } from '@dwh/test-kit'

const run = promisify(execFile)

/**
 * Returns a folder for DuckDB's `extension_directory`, with its own signed extensions `ducklake`, `httpfs` and
 * `postgres_scanner` in the pinned version. They come from PyPI, where DuckDB publishes them as wheels, because a
 * machine that reaches PyPI may not reach DuckDB's extension server. Needs python3 with pip, on Linux x64.
 */
export async function duckdbExtensions(): Promise<string> {
  const requirements = new URL('../requirements.txt', import.meta.url)
  return installed('duckdb-extensions', await readFile(requirements, 'utf8'), async (folder) => {
    const wheels = join(folder, 'wheels')
    const download = ['-m', 'pip', 'download', '--quiet', '--no-input', '--no-deps', '--require-hashes']
    await run('python3', [...download, '--dest', wheels, '--requirement', requirements.pathname])
    for (const wheel of await readdir(wheels)) {
      await run('python3', ['-m', 'zipfile', '-e', join(wheels, wheel), join(wheels, 'open')])
    }
    const files = await readdir(join(wheels, 'open'), { recursive: true })
    for (const file of files.filter((name) => name.endsWith('.duckdb_extension'))) {
      const [, , version = ''] = file.split('/')
      const place = join(folder, version, PLATFORM)
      await mkdir(place, { recursive: true })
      await copyFile(join(wheels, 'open', file), join(place, basename(file)))
    }
    await rm(wheels, { recursive: true })
  })
}

/** DuckDB's name of the platform that the wheels are built for. */
const PLATFORM = 'linux_amd64'
