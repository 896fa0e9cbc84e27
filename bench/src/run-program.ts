import { spawn } from 'node:child_process'
import { execPath } from 'node:process'
import { fileURLToPath } from 'node:url'

export interface ProcessFigures {
  readonly wallSeconds: number
  /** CPU time of the process with all its threads, user and system. */
  readonly cpuSeconds: number
  /** The highest resident memory. */
  readonly peakMegabytes: number
}

export interface Program {
  readonly command: readonly string[]
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  /** Whether stdout is read and dropped, as it is not text to show. */
  readonly discardStdout?: boolean
}

const MEASURED = /#measured (.*)/
const PEAK_MEMORY = new URL('./peak-memory.js', import.meta.url).href
const MEASURED_PY = fileURLToPath(new URL('../other-tools/measured.py', import.meta.url))

/** Runs a Node program in its own process and measures it from start to end. */
export function runNode(program: Program): Promise<ProcessFigures> {
  return run({ ...program, command: [execPath, '--import', PEAK_MEMORY, ...program.command] })
}

/** Runs and measures any program, by Python's `getrusage`, since Node measures only itself. */
export function runAny(program: Program): Promise<ProcessFigures> {
  return run({ ...program, command: ['python3', MEASURED_PY, ...program.command] })
}

/** @throws Error with the program's output if it does not exit with 0 */
function run({ command: [file = '', ...args], cwd, env, discardStdout = false }: Program): Promise<ProcessFigures> {
  const startedAt = performance.now()
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } })
    let said = ''
    if (discardStdout) child.stdout.resume()
    for (const stream of discardStdout ? [child.stderr] : [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        said = (said + text).slice(-10_000)
      })
    child.once('error', reject)
    child.once('close', (code, signal) => {
      const wallSeconds = (performance.now() - startedAt) / 1000
      const measured = MEASURED.exec(said)?.[1]
      if (code !== 0 || !measured)
        reject(new Error(`ended with ${signal ?? code}: ${said.replace(MEASURED, '').trim().slice(-2000)}`))
      else resolve({ wallSeconds, ...JSON.parse(measured) })
    })
  })
}
