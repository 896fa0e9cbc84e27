import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export interface Measured {
  readonly wallSeconds: number
  readonly cpuSeconds: number
  /** Of the resident set, the largest it has been. */
  readonly peakMegabytes: number
}

const BIN = fileURLToPath(new URL('../../apps/cli/bin/dwh.js', import.meta.url))
const PEAK_MEMORY = new URL('./peak-memory.js', import.meta.url).href

/** Runs the command line in a process of its own and measures that process. */
export function measureDwh(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Measured> {
  const startedAt = performance.now()
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', PEAK_MEMORY, BIN, ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...env },
    })
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
    child.once('error', reject)
    child.once('close', (code) => {
      const measured = /#measured (.*)/.exec(said)?.[1]
      if (code !== 0 || !measured) reject(new Error(`dwh ${args.join(' ')} ended with ${code}:\n${said}`))
      else resolve({ wallSeconds: (performance.now() - startedAt) / 1000, ...JSON.parse(measured) })
    })
  })
}
