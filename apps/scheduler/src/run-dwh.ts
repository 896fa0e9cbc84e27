import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { type Outcome, type OutcomeError, type OutcomeResult, RESULTS } from './outcome.ts'

const BIN = createRequire(import.meta.url).resolve('@dwh/cli/bin/dwh.js')

export interface RunDwhOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly clock: () => Date
  /** Stops the command. */
  readonly signal: AbortSignal
  /** Deadline; at most 2^31 - 1, the limit of a timer. 0: none. */
  readonly deadlineMs: number
  /** Receives each line of its stderr, except the final error. */
  readonly onLine: (line: string) => void
}

/** How long a command may take to stop and release its lease before it is killed: a container gets 10 s in total. */
const GRACE_MS = 8_000

/** Longest output; longer output is cut and so is not valid JSON. */
const MOST_CHARACTERS = 64 * 2 ** 20

/**
 * Runs a command of `dwh` with `--json` in a separate process. Sends SIGTERM when the signal fires or the deadline
 * passes, and kills the process 8 s later. Never rejects: the outcome holds the error.
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
  /** Its exit code, or why there is none. */
  readonly ended: number | string
  readonly answer: unknown
  readonly error: OutcomeError | null
  readonly timedOut: boolean
}

async function start(args: readonly string[], { env, signal, deadlineMs, onLine }: RunDwhOptions): Promise<Ended> {
  const child = spawn(process.execPath, [BIN, ...args, '--json'], {
    // Ctrl-C is meant for the scheduler, which then stops its child once
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env,
  })
  let timedOut = false
  let killer: NodeJS.Timeout | undefined
  const end = () => {
    // a second SIGTERM would end it at once, without clean-up
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
      child.once('close', (code, name) => resolve(code ?? `dwh was killed by ${name}`))
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
  // a run that has published counts as such, even after the deadline
  if (result === 'success' || result === 'partial') return isObject(answer) ? result : 'failed'
  if (stopped) return 'stopped'
  if (timedOut) return 'timeout'
  if (result === 'damaged' && !isObject(answer)) return 'failed'
  // this run held the lease and lost it, so there may be no other run
  if (result === 'locked' && error?.context?.leaseOver === true) return 'failed'
  return result ?? 'failed'
}

function isObject(answer: unknown): boolean {
  return typeof answer === 'object' && answer !== null
}

function errorOf(result: OutcomeResult, error: OutcomeError | null, deadlineMs: number): OutcomeError | null {
  if (result === 'success' || result === 'partial') return null
  if (result === 'failed' && error === null) return { message: 'the output of dwh is not JSON', hint: null }
  if (result !== 'timeout') return error
  return {
    message: `dwh did not finish within ${Math.round(deadlineMs / 1000)} s and was stopped`,
    hint: 'Raise DWH_DEADLINE, or check in the log which table takes so long.',
  }
}

/** Reads stderr to its end. Returns the error that `--json` writes as a separate line. */
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
