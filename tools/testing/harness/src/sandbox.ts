import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Ended, type Started, startDwh } from './programs.ts'

/** A folder with a home, a temporary folder and a working folder, to run the real command line in. */
export interface Sandbox {
  readonly root: string
  readonly work: string
  readonly temp: string
  readonly home: string
  /** The whole environment of every call. */
  readonly env: Readonly<Record<string, string>>
  start(args: readonly string[]): Started
  /** `env`: of this call only. `shell`: see `StartOptions`. */
  dwh(args: readonly string[], env?: Readonly<Record<string, string>>, shell?: string): Promise<Ended>
}

/** Makes a sandbox. `env` applies to every call, with `PATH`, `HOME` and `TMPDIR`. */
export async function makeSandbox(root: string, env: Readonly<Record<string, string>>): Promise<Sandbox> {
  const [work, temp, home] = [join(root, 'work'), join(root, 'tmp'), join(root, 'home')]
  for (const path of [work, temp, home]) await mkdir(path, { recursive: true })
  const all = { PATH: process.env.PATH ?? '', HOME: home, TMPDIR: temp, ...env }
  return {
    root,
    work,
    temp,
    home,
    env: all,
    start: (args) => startDwh(args, { cwd: work, env: all }),
    dwh: (args, more = {}, shell = '') => startDwh(args, { cwd: work, env: { ...all, ...more }, shell }).ended,
  }
}

/** Returns the paths of all files below a folder. */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}
