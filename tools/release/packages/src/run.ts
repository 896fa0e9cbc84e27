import { spawn } from 'node:child_process'

export interface RunOptions {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly timeoutMs?: number
}

const TIMEOUT_MS = 180_000

/**
 * Runs a program and returns its stdout.
 * @throws Error with its output if it fails or takes longer than `timeoutMs`; then its child processes are ended too
 */
export function run(
  [command, ...args]: readonly [string, ...string[]],
  { cwd, env = plainEnv(), timeoutMs = TIMEOUT_MS }: RunOptions,
): Promise<string> {
  return new Promise((resolve, reject) => {
    // its own process group, so that it can be ended with its child processes
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
    let answer = ''
    let all = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      answer += text
      all += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      all += text
    })
    const timer = setTimeout(() => process.kill(-(child.pid as number), 'SIGKILL'), timeoutMs)
    child.once('error', reject)
    child.once('close', (code, signal) => {
      clearTimeout(timer)
      if (code === 0) resolve(answer)
      else reject(new Error(`${[command, ...args].join(' ')}, in ${cwd}: ${signal ?? `exit code ${code}`}\n${all}`))
    })
  })
}

const KEPT = /^(PATH|HOME|LANG|TERM|.*_PROXY|NODE_EXTRA_CA_CERTS|SSL_CERT_(FILE|DIR)|npm_config_registry)$/i

/**
 * Returns an environment like a user's: how this machine reaches its registry, its caches, and nothing else. `more`
 * takes precedence, ignoring case.
 */
export function plainEnv(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  const said = Object.keys(more).map((name) => name.toLowerCase())
  const kept = Object.entries(process.env).filter(
    ([name, value]) => KEPT.test(name) && value !== undefined && !said.includes(name.toLowerCase()),
  )
  return { ...(Object.fromEntries(kept) as Record<string, string>), NO_COLOR: '1', ...more }
}
