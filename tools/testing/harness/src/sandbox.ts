import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Ended, type Started, startDwh } from './programs.ts'

/** A folder with a home, a temporary folder and one to work in, and the real command line in it. */
export interface Sandbox {
  readonly root: string
  readonly work: string
  readonly temp: string
  readonly home: string
  /** Of every call; nothing else is in the environment. */
  readonly env: Readonly<Record<string, string>>
  start(args: readonly string[]): Started
  /** `env`: of this call alone. `shell`: as of `StartOptions`. */
  dwh(args: readonly string[], env?: Readonly<Record<string, string>>, shell?: string): Promise<Ended>
}

/** `env`: of every call, beside `PATH`, `HOME` and `TMPDIR`. */
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

/** All files below a folder, with their paths. */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}
