import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { type Outcome, type OutcomeError, type OutcomeResult, RESULTS } from './outcome.ts'

const BIN = createRequire(import.meta.url).resolve('@dwh/cli/bin/dwh.js')

export interface RunDwhOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly clock: () => Date
  /** Ends the command. */
  readonly signal: AbortSignal
  /** At most 2^31 - 1, which is what a timer can hold; 0: none. */
  readonly deadlineMs: number
  /** Each line that it writes to stderr, but for the error that it ends with. */
  readonly onLine: (line: string) => void
}

/** What a command has to end by itself, lease and all, before it is killed: a container is given 10 s in all. */
const GRACE_MS = 8_000

/** Of its answer; a longer one is cut, and so is no JSON. */
const MOST_CHARACTERS = 64 * 2 ** 20

/**
 * Runs a command of `dwh` in a process of its own, with `--json`. It is told to end (SIGTERM) when the signal fires or the deadline is over, and killed 8 s later. Never rejects: what went wrong is in the outcome.
 */
export async function runDwh(args: readonly string[], options: RunDwhOptions): Promise<Outcome> {
  const { clock, signal, deadlineMs } = options
  const startedAt = clock()
  const outcome = await start(args, options).catch(
    (error: Error): Ended => ({ ended: error.message, answer: null, error: null, timedOut: false }),
  )
  const { ended, answer } = outcome
  const result = resultOf(outcome, signal.aborted)
  const said = outcome.error ?? (typeof ended === 'string' ? { message: ended, hint: null } : null)
  const durationMs = clock().getTime() - startedAt.getTime()
  return { result, answer, error: errorOf(result, said, deadlineMs), startedAt, durationMs }
}

interface Ended {
  /** Its exit code, or what happened instead. */
  readonly ended: number | string
  readonly answer: unknown
  readonly error: OutcomeError | null
  readonly timedOut: boolean
}

async function start(args: readonly string[], { env, signal, deadlineMs, onLine }: RunDwhOptions): Promise<Ended> {
  const child = spawn(process.execPath, [BIN, ...args, '--json'], {
    // whoever presses Ctrl-C means the scheduler, which tells its child once
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env,
  })
  let timedOut = false
  let killer: NodeJS.Timeout | undefined
  const end = () => {
    // told twice, it would drop everything
    if (killer !== undefined) return
    child.kill('SIGTERM')
    killer = setTimeout(() => child.kill('SIGKILL'), GRACE_MS)
  }
  const overdue = () => {
    timedOut = !signal.aborted
    end()
  }
  const deadline = deadlineMs === 0 ? undefined : setTimeout(overdue, deadlineMs)
  const orphaned = () => void child.kill('SIGTERM')
  signal.addEventListener('abort', end)
  process.once('exit', orphaned)
  try {
    const closed = new Promise<number | string>((resolve) => {
      child.once('error', (error) => resolve(error.message))
      child.once('close', (code, name) => resolve(code ?? `it was killed by ${name}`))
    })
    if (signal.aborted) end()
    const [answer, error, ended] = await Promise.all([answerOf(child.stdout), messages(child.stderr, onLine), closed])
    return { ended, answer, error, timedOut }
  } finally {
    clearTimeout(deadline)
    clearTimeout(killer)
    signal.removeEventListener('abort', end)
    process.removeListener('exit', orphaned)
  }
}

async function answerOf(stdout: Readable): Promise<unknown> {
  let text = ''
  for await (const piece of stdout.setEncoding('utf8')) if (text.length < MOST_CHARACTERS) text += piece
  return parsed(text)
}

function resultOf({ ended, answer, error, timedOut }: Ended, stopped: boolean): OutcomeResult {
  const result = typeof ended === 'number' ? RESULTS[ended] : undefined
  // what has published has, however late
  if (result === 'success' || result === 'partial') return isObject(answer) ? result : 'failed'
  if (stopped) return 'stopped'
  if (timedOut) return 'timeout'
  if (result === 'damaged' && !isObject(answer)) return 'failed'
  // it had the lease, and lost it: nobody else need be there
  if (result === 'locked' && error?.context?.leaseOver === true) return 'failed'
  return result ?? 'failed'
}

function isObject(answer: unknown): boolean {
  return typeof answer === 'object' && answer !== null
}

function errorOf(result: OutcomeResult, error: OutcomeError | null, deadlineMs: number): OutcomeError | null {
  if (result === 'success' || result === 'partial') return null
  if (result === 'failed' && error === null) return { message: 'its answer is no JSON', hint: null }
  if (result !== 'timeout') return error
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
