import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { installed } from './installed.ts'

const run: (file: string, args: readonly string[], options: { cwd: string }) => Promise<unknown> = promisify(execFile)

/** Makes a Python environment with exactly the packages of a requirements file. Needs python3. */
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

/** Makes a folder with npm packages, each pinned. */
export function npmPackages(name: string, pins: readonly string[]): Promise<string> {
  return installed(name, pins.join('\n'), async (folder) => {
    await writeFile(join(folder, 'package.json'), '{ "private": true }')
    await run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--save-exact', ...pins], {
      cwd: folder,
    })
  })
}
