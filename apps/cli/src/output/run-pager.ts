import { spawn } from 'node:child_process'
import type { Writable } from 'node:stream'
import type { CommandContext } from '../command-context.ts'

type Variables = Readonly<Record<string, string | undefined>>

/** The program that shows long texts. */
export interface PagerCommand {
  readonly command: string
  /** Whether the user chose it, as a command line for the shell. */
  readonly chosen: boolean
}

/** Returns DWH_PAGER, else PAGER, else `less`; null if the user wants none: empty, or `cat`. */
export function pagerCommand(env: Variables): PagerCommand | null {
  const chosen = env.DWH_PAGER ?? env.PAGER
  if (chosen === undefined) return { command: 'less', chosen: false }
  return ['', 'cat'].includes(chosen.trim()) ? null : { command: chosen, chosen: true }
}

/**
 * Of `less`: quit if the text fits on the screen, colours, no wrapped lines, and the text stays on the screen afterwards.
 */
const LESS = { LESS: 'FRSX', LESSCHARSET: 'utf-8' }

/** Characters that are held in memory, in case the pager fails. */
const HELD_CHARACTERS = 16_000_000

export interface RunningPager {
  /** Returns false once the user has left the pager. */
  write(text: string): Promise<boolean>
  /** Waits until the user leaves the pager. */
  end(): Promise<void>
}

export type PagerContext = Pick<CommandContext, 'env' | 'stdout' | 'stderr' | 'signal' | 'leaveInterrupts'>

/**
 * Starts a pager on the terminal. If it is missing or fails, everything that it was given is written to stdout, and so
 * is what follows. `onLeft` is called when the user leaves it before its text has ended.
 */
export function runPager({ command, chosen }: PagerCommand, context: PagerContext, onLeft: () => void): RunningPager {
  const { env, stdout, stderr, signal, leaveInterrupts } = context
  const child = spawn(command, { shell: chosen, stdio: ['pipe', 'inherit', 'inherit'], env: { ...LESS, ...env } })
  const input = child.stdin as Writable
  // the user left the pager: not an error
  input.on('error', () => {})
  const ended = new Promise<string | null>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('close', (code, killed) => resolve(failure(code, killed)))
  })
  leaveInterrupts(ended)
  const stop = () => child.kill()
  signal.addEventListener('abort', stop)
  let running = true
  void ended.then((reason) => {
    signal.removeEventListener('abort', stop)
    running = false
    if (reason === null && !input.writableEnded) onLeft()
  })
  let held: string[] = []
  let size = 0
  let instead = false

  /** Returns false if the pager ended before it took all that it was given. */
  async function pass(text: string): Promise<boolean> {
    if (!running) return false
    return input.write(text) || (await Promise.race([drained(input), ended.then(() => false)]))
  }

  /** Called once the pager has ended, with the reason if it failed. Returns whether stdout takes what follows. */
  async function writeInstead(reason: string | null): Promise<boolean> {
    if (reason === null) return false
    instead = true
    const lost = size > HELD_CHARACTERS
    if (chosen || lost)
      stderr.write(`note: pager ${command}: ${reason}${lost ? '; --no-pager shows the whole result' : ''}\n`)
    if (lost) return false
    for (const text of held) if (!(await stdout.write(text))) return false
    return true
  }

  return {
    async write(text) {
      if (instead) return stdout.write(text)
      size += text.length
      if (size > HELD_CHARACTERS) held = []
      else held.push(text)
      return (await pass(text)) || writeInstead(await ended)
    },
    async end() {
      if (instead) return
      input.end()
      await writeInstead(await ended)
    },
  }
}

const drained = (stream: Writable) => new Promise<boolean>((resolve) => stream.once('drain', () => resolve(true)))

const LEFT: readonly string[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGPIPE', 'SIGQUIT']

/** Why a pager failed; null if the user left it. */
function failure(code: number | null, killed: string | null): string | null {
  if (killed !== null) return LEFT.includes(killed) ? null : `ended by ${killed}`
  return code === 0 ? null : `exit code ${code}`
}
