import { type ChildProcess, spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { builtProgram } from '@dwh/test-kit'

/** The built command line. */
const DWH = await builtProgram('dwh')

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface Started {
  readonly process: ChildProcess
  readonly ended: Promise<Ended>
}

export interface StartOptions {
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>
  readonly cwd?: string
  /** Shell commands that run before the program, such as `ulimit -f 256`. */
  readonly shell?: string
}

/** Starts a program with Node; its standard input stays open. */
export function startProgram(program: string, args: readonly string[], { env, cwd, shell }: StartOptions): Started {
  const command = [process.execPath, program, ...args]
  const [file = '', ...rest] = shell === undefined ? command : ['sh', '-c', `${shell}\nexec "$@"`, 'sh', ...command]
  const child = spawn(file, rest, { cwd, env, stdio: ['pipe', 'pipe', 'pipe'] })
  const output = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      output[stream] += text
    })
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ code, signal, ...output }))
  })
  return { process: child, ended }
}

/** Starts `dwh` with closed standard input. */
export function startDwh(args: readonly string[], options: StartOptions): Started {
  const started = startProgram(DWH, args, options)
  started.process.stdin?.end()
  return started
}

/** Resolves with true once SIGSTOP has stopped the process; with false if it ended before. */
export async function untilStopped({ process: { pid }, ended }: Started): Promise<boolean> {
  let over = false
  void ended.then(() => {
    over = true
  })
  while (!over) {
    const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
    if (/^.*\) T/s.test(status)) return true
    await pause(5)
  }
  return false
}

/** Formats the end of a program in one line. */
export function inShort({ code, signal, stderr }: Ended): string {
  return `${signal ?? `exit ${code}`}: ${stderr.trim().split('\n').slice(0, 3).join(' / ').slice(0, 300)}`
}
