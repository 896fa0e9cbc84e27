import { type ChildProcess, spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { builtProgram } from '@dwh/test-kit'
import type { Spec } from './child/spec.ts'

/** The command line as it is shipped. */
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

export function start(program: string, args: readonly string[], env: Readonly<Record<string, string>>): Started {
  const child = spawn(process.execPath, [program, ...args], { env, stdio: ['pipe', 'pipe', 'pipe'] })
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

export function startDwh(args: readonly string[], env: Readonly<Record<string, string>>): Started {
  return start(DWH, args, env)
}

export function startChild(program: string, spec: Spec, env: Readonly<Record<string, string>>): Started {
  return start(program, [JSON.stringify(spec)], env)
}

/** True once the process has been stopped by SIGSTOP; false when it ended before. */
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

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** In one line, for a report. */
export function inShort({ code, signal, stderr }: Ended): string {
  return `${signal ?? `exit ${code}`}: ${stderr.trim().split('\n').slice(0, 3).join(' / ').slice(0, 300)}`
}
