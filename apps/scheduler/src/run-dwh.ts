import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { type Outcome, type OutcomeError, type OutcomeResult, RESULTS } from './outcome.ts'

const BIN = createRequire(import.meta.url).resolve('@dwh/cli/bin/dwh.js')

export interface RunDwhOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly clock: () => Date
  /** Ends the command. */
  readonly signal: AbortSignal
  /** 0: none. */
  readonly deadlineMs: number
  /** Each line that it writes to stderr, but for the error that it ends with. */
  readonly onLine: (line: string) => void
}

/** What a command has to end by itself, lease and all, before it is killed: a container is given 10 s in all. */
const GRACE_MS = 8_000

/**
 * Runs a command of `dwh` in a process of its own, with `--json`. It is told to end (SIGTERM) when the signal fires or the deadline is over, and killed 8 s later. Never rejects: what went wrong is in the outcome.
 */
export async function runDwh(args: readonly string[], options: RunDwhOptions): Promise<Outcome> {
  const { env, clock, signal, deadlineMs, onLine } = options
  const startedAt = clock()
  const child = spawn(process.execPath, [BIN, ...args, '--json'], {
    // whoever presses Ctrl-C means the scheduler, which tells its child once
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env,
  })
  let late = false
  let killer: NodeJS.Timeout | undefined
  const end = () => {
    child.kill('SIGTERM')
    killer ??= setTimeout(() => child.kill('SIGKILL'), GRACE_MS)
  }
  const deadline = afterMs(deadlineMs, () => {
    late = true
    end()
  })
  const orphaned = () => void child.kill('SIGTERM')
  signal.addEventListener('abort', end)
  process.once('exit', orphaned)
  try {
    const closed = new Promise<number | string>((resolve) => {
      child.once('error', (error) => resolve(error.message))
      child.once('close', (code, name) => resolve(code ?? `it was killed by ${name}`))
    })
    if (signal.aborted) end()
    const [answer, error, ended] = await Promise.all([text(child.stdout), messages(child.stderr, onLine), closed])
    const result = resultOf(ended, late, signal.aborted)
    return {
      result,
      answer: parsed(answer),
      error: errorOf(result, error ?? (typeof ended === 'string' ? { message: ended, hint: null } : null), deadlineMs),
      startedAt,
      durationMs: clock().getTime() - startedAt.getTime(),
    }
  } finally {
    clearTimeout(deadline)
    clearTimeout(killer)
    signal.removeEventListener('abort', end)
    process.removeListener('exit', orphaned)
  }
}

/** What a timer can hold. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

function afterMs(delayMs: number, call: () => void): NodeJS.Timeout | undefined {
  return delayMs === 0 ? undefined : setTimeout(call, Math.min(delayMs, LONGEST_TIMER_MS))
}

function resultOf(ended: number | string, late: boolean, stopped: boolean): OutcomeResult {
  // what has published has, however late
  if (ended === 0 || ended === 3) return RESULTS[ended] as OutcomeResult
  if (stopped) return 'stopped'
  if (late) return 'late'
  return (typeof ended === 'number' && RESULTS[ended]) || 'failed'
}

function errorOf(result: OutcomeResult, error: OutcomeError | null, deadlineMs: number): OutcomeError | null {
  if (result === 'done' || result === 'partial') return null
  if (result !== 'late') return error
  return {
    message: `it was not done after ${Math.round(deadlineMs / 1000)} s, and was ended`,
    hint: 'Raise DWH_DEADLINE, or see in the log which table takes so long.',
  }
}

/** Reads stderr to its end; gives the error that `--json` writes as a line of its own. */
async function messages(stderr: Readable, onLine: (line: string) => void): Promise<OutcomeError | null> {
  let error: OutcomeError | null = null
  for await (const line of createInterface({ input: stderr })) {
    const found = line.startsWith('{"error":') ? parsed(line) : null
    if (found) error = (found as { readonly error: OutcomeError }).error
    else if (line.trim() !== '') onLine(line)
  }
  return error
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return null
  }
}
