import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { builtProgram, temporaryFolder } from '@dwh/test-kit'
import { onTestFinished } from 'vitest'

const BIN = await builtProgram('dwh-scheduler')
const DWH = await builtProgram('dwh')

export interface LogLine {
  readonly message: string
  readonly job?: string
  readonly [field: string]: unknown
}

export interface RunningScheduler {
  readonly process: ChildProcess
  readonly lines: readonly LogLine[]
  readonly stderr: () => string
  /** Returns the first line, from index `from` on, that starts with `start`. */
  line(start: string, from?: number): Promise<LogLine>
  /** Returns status and body of a page. */
  page(path: string): Promise<{ status: number; body: string }>
  /** Sends SIGTERM unless it has ended; returns the exit code and how long it took to end. */
  stop(): Promise<{ code: number | null; ms: number }>
}

/** A folder for a warehouse; the environment holds only the given variables. */
export interface Place {
  readonly folder: string
  readonly env: Readonly<Record<string, string>>
  scheduler(env?: Readonly<Record<string, string>>): RunningScheduler
  dwh(
    args: readonly string[],
    env?: Readonly<Record<string, string>>,
  ): Promise<{ code: number | null; stdout: string; stderr: string }>
}

export async function place(given: Readonly<Record<string, string>> = {}): Promise<Place> {
  const folder = await temporaryFolder()
  for (const name of ['tmp', 'home']) await mkdir(join(folder, name))
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: join(folder, 'home'),
    TMPDIR: join(folder, 'tmp'),
    DWH_STORAGE: join(folder, 'warehouse'),
    DWH_LISTEN: '127.0.0.1:0',
    DWH_VERIFY_SCHEDULE: 'off',
    ...given,
  }
  return {
    folder,
    env,
    scheduler: (more = {}) => startScheduler(folder, { ...env, ...more }),
    dwh: async (args, more = {}) => {
      const child = spawn(process.execPath, [DWH, ...args], { cwd: folder, env: { ...env, ...more } })
      const output = { stdout: '', stderr: '' }
      for (const name of ['stdout', 'stderr'] as const)
        child[name].setEncoding('utf8').on('data', (text: string) => {
          output[name] += text
        })
      const [code] = await once(child, 'close')
      return { code, ...output }
    },
  }
}

function startScheduler(folder: string, env: NodeJS.ProcessEnv): RunningScheduler {
  const child = spawn(process.execPath, [BIN], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const lines: LogLine[] = []
  const waiting = new Set<() => void>()
  let rest = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n')
    rest = parts.pop() ?? ''
    lines.push(...parts.map((line) => JSON.parse(line)))
    for (const look of waiting) look()
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const closed = new Promise<number | null>((resolve) => {
    child.once('close', (code) => {
      resolve(code)
      for (const look of waiting) look()
    })
  })
  onTestFinished(async () => {
    child.kill('SIGTERM')
    await closed
  })

  function line(start: string, from = 0): Promise<LogLine> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const found = lines.slice(from).find(({ message }) => message.startsWith(start))
        const over = child.exitCode !== null || child.signalCode !== null
        if (!found && !over) return
        waiting.delete(look)
        if (found) resolve(found)
        else
          reject(
            new Error(
              `the scheduler ended before "${start}": ${stderr}\n${lines.map((one) => JSON.stringify(one)).join('\n')}`,
            ),
          )
      }
      waiting.add(look)
      look()
    })
  }

  return {
    process: child,
    lines,
    stderr: () => stderr,
    line,
    async page(path) {
      const { listen } = await line('dwh-scheduler ')
      const response = await fetch(`http://${listen}${path}`)
      return { status: response.status, body: await response.text() }
    },
    async stop() {
      const begun = performance.now()
      child.kill('SIGTERM')
      return { code: await closed, ms: performance.now() - begun }
    },
  }
}
