import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { access, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run: (file: string, args: readonly string[], options: { cwd: string }) => Promise<unknown> = promisify(execFile)

/**
 * Makes the folder of a pinned installation once, outside the checkout, and gives its path. It is named after what is pinned in it, so that a new pin is
 * a new folder. `$DWH_TOOLS_CACHE`, else `~/.cache/dwh-tools`.
 */
async function installed(name: string, pins: string, make: (folder: string) => Promise<void>): Promise<string> {
  const root = process.env.DWH_TOOLS_CACHE ?? join(homedir(), '.cache/dwh-tools')
  const folder = join(root, `${name}-${createHash('sha256').update(pins).digest('hex').slice(0, 12)}`)
  const complete = join(folder, 'complete')
  const done = await access(complete).then(
    () => true,
    () => false,
  )
  if (done) return folder
  // a virtual environment cannot be moved: it is made in its place, and the last file says that it is whole
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  await make(folder)
  await writeFile(`${complete}.tmp`, pins)
  await rename(`${complete}.tmp`, complete)
  return folder
}

/** A Python environment with exactly the packages of a requirements file. Needs python3. */
export function pythonEnvironment(name: string, requirements: string): Promise<string> {
  return installed(name, requirements, async (folder) => {
    await run('python3', ['-m', 'venv', folder], { cwd: folder })
    await writeFile(join(folder, 'requirements.txt'), requirements)
    await run(
      join(folder, 'bin/pip'),
      ['install', '--quiet', '--no-input', '--no-deps', '--disable-pip-version-check', '-r', 'requirements.txt'],
      { cwd: folder },
    )
  })
}

/** A folder with npm packages in it, each pinned. */
export function npmPackages(name: string, pins: readonly string[]): Promise<string> {
  return installed(name, pins.join('\n'), async (folder) => {
    await writeFile(join(folder, 'package.json'), '{ "private": true }')
    await run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--save-exact', ...pins], {
      cwd: folder,
    })
  })
}
