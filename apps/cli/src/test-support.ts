import { spawn } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { builtProgram, temporaryFolder } from '@dwh/test-kit'

const BIN = await builtProgram('dwh')

export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Text on stdin before it ends. Null: stdin stays open. */
  readonly input?: string | null
  readonly uid?: number
  /** Called with the running process. */
  readonly onStart?: (process: ReturnType<typeof spawn>) => void
}

/** A working folder with its own home and temporary folder; the environment holds only the given variables. */
export interface Workplace {
  readonly folder: string
  readonly temp: string
  dwh(args: readonly string[], options?: RunOptions): Promise<Finished>
}

export async function workplace(env: Readonly<Record<string, string>> = {}): Promise<Workplace> {
  const folder = await temporaryFolder()
  const temp = join(folder, 'tmp')
  const home = join(folder, 'home')
  const work = join(folder, 'work')
  for (const path of [temp, home, work]) await mkdir(path)
  const base = { PATH: process.env.PATH ?? '', HOME: home, TMPDIR: temp, ...env }
  return {
    folder: work,
    temp,
    dwh: (args, options = {}) =>
      new Promise((resolve, reject) => {
        const child = spawn(process.execPath, [BIN, ...args], {
          cwd: work,
          env: { ...base, ...options.env },
          ...(options.uid === undefined ? {} : { uid: options.uid }),
        })
        const output = { stdout: '', stderr: '' }
        for (const stream of ['stdout', 'stderr'] as const) {
          child[stream].setEncoding('utf8').on('data', (text: string) => {
            output[stream] += text
          })
        }
        child.once('error', reject)
        child.once('close', (code) => resolve({ code, ...output }))
        child.stdin.on('error', () => {})
        if (options.input !== null) child.stdin.end(options.input ?? '')
        options.onStart?.(child)
      }),
  }
}
