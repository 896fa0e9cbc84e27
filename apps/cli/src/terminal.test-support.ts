import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { builtProgram } from '@dwh/test-kit'
import { onTestFinished } from 'vitest'
import type { Workplace } from './test-support.ts'

const BIN = await builtProgram('dwh')

export interface Terminal {
  type(keys: string): void
  /** Waits until this was shown since it was last called; gives what came before it. */
  shown(pattern: RegExp): Promise<string>
  /** Waits until the program ends; gives its exit code. */
  ended(): Promise<number | null>
  /** Everything since `shown` was last called, as the terminal got it. */
  raw(): string
  readonly pid: number
}

export interface TerminalOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Default 80. */
  readonly columns?: number
  /** Default 24. */
  readonly rows?: number
}

const WAIT_MS = 20_000

/** Starts `dwh` on a real terminal, which `script` of util-linux makes. */
export function openTerminal(
  place: Workplace,
  args: readonly string[],
  { env = {}, columns = 80, rows = 24 }: TerminalOptions = {},
): Terminal {
  const words = [process.execPath, BIN, ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ')
  // `script` itself needs a PATH
  const path = env.PATH === undefined ? '' : `PATH='${env.PATH}' `
  const command = `stty cols ${columns} rows ${rows}; ${path}exec ${words}`
  const child = spawn('script', ['--quiet', '--return', '--flush', '--command', command, '/dev/null'], {
    cwd: place.folder,
    env: { HOME: join(place.folder, '../home'), TMPDIR: place.temp, TERM: 'xterm', ...env, PATH: process.env.PATH },
  })
  let failure: Error | null = null
  child.once('error', (error) => {
    failure = new Error(`${error.message}: install util-linux (script)`)
  })
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve))
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await closed
  })
  let screen = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    screen += text
  })
  return {
    pid: child.pid ?? 0,
    type: (keys) => void child.stdin.write(keys),
    ended: () => closed,
    raw: () => screen,
    async shown(pattern) {
      const deadline = Date.now() + WAIT_MS
      for (;;) {
        if (failure) throw failure
        const plain = stripVTControlCharacters(screen).replaceAll('\r', '')
        const found = pattern.exec(plain)
        if (found) {
          screen = plain.slice(found.index + found[0].length)
          return plain.slice(0, found.index + found[0].length)
        }
        if (Date.now() > deadline) throw new Error(`${pattern} was not shown, but:\n${plain}`)
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    },
  }
}
