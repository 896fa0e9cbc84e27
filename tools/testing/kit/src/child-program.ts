import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { onTestFinished } from 'vitest'

const workspace = new URL('../../../../', import.meta.url)

/** Third-party packages with native code are not bundled. */
const EXTERNAL = ['@aws-sdk/*', '@duckdb/node-api', 'pg', 'pg-cursor', 'pg-native']

/**
 * Bundles a TypeScript program of the tests with the packages' sources, so that a real process can run it. The file is
 * in the folder of the program's package, so that its dependencies resolve, and is removed when the test has finished.
 */
export async function childProgram(source: URL): Promise<string> {
  const folder = await mkdtemp(fileURLToPath(new URL('./.child-', source)))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const outfile = `${folder}/program.mjs`
  await build({
    entryPoints: [fileURLToPath(source)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    external: EXTERNAL,
    logLevel: 'error',
    tsconfig: fileURLToPath(new URL('tsconfig.json', workspace)),
  })
  return outfile
}

export interface Child {
  readonly process: ChildProcess
  /** The output on stdout so far. */
  output(): string
  /** Resolves with the exit code, or the name of the signal that ended the program. */
  readonly ended: Promise<number | string>
}

/** Starts a program and kills it when the test has finished. */
export function startChild(
  program: string,
  args: readonly string[] = [],
  options: { uid?: number; env?: NodeJS.ProcessEnv } = {},
): Child {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['pipe', 'pipe', 'pipe'], ...options })
  let output = ''
  let errors = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  const ended = new Promise<number | string>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      if (errors) output += `\n[stderr] ${errors}`
      resolve(signal ?? code ?? 0)
    })
  })
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await ended
  })
  return { process: child, output: () => output, ended }
}
