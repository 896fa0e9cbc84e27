import { spawn } from 'node:child_process'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { builtProgram } from '@dwh/test-kit'

const BIN = await builtProgram('dwh')

export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A folder with a home, a temporary folder and one to work in, and the real command line in it. */
export interface Place {
  readonly root: string
  readonly work: string
  readonly temp: string
  readonly home: string
  dwh(args: readonly string[], env?: Readonly<Record<string, string>>, shell?: string): Promise<Finished>
}

/** `env`: of every call; nothing else is in the environment. `shell`: said by `sh` before the program takes its place. */
export async function makePlace(root: string, env: Readonly<Record<string, string>>): Promise<Place> {
  const [work, temp, home] = [join(root, 'work'), join(root, 'tmp'), join(root, 'home')]
  for (const path of [work, temp, home]) await mkdir(path, { recursive: true })
  const base = { PATH: process.env.PATH ?? '', HOME: home, TMPDIR: temp, ...env }
  return {
    root,
    work,
    temp,
    home,
    dwh: (args, more = {}, shell = '') =>
      new Promise((resolve, reject) => {
        const command = ['-c', `${shell}\nexec "$@"`, 'sh', process.execPath, BIN, ...args]
        const child = spawn('sh', command, { cwd: work, env: { ...base, ...more } })
        const said = { stdout: '', stderr: '' }
        for (const stream of ['stdout', 'stderr'] as const)
          child[stream].setEncoding('utf8').on('data', (text: string) => {
            said[stream] += text
          })
        child.once('error', reject)
        child.once('close', (code) => resolve({ code, ...said }))
        child.stdin.end()
      }),
  }
}

/** All files below a folder, with their paths. */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}
