import { execFile } from 'node:child_process'
import { mkdtemp, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { builtCheckout, temporaryFolder } from '@dwh/test-kit'
import type { DataSetResults } from './results.ts'

const run = promisify(execFile)
const bench = fileURLToPath(new URL('../', import.meta.url))
const tsup = fileURLToPath(new URL('../../node_modules/.bin/tsup', import.meta.url))

/**
 * Builds the bench inside its own folder, where its dependencies resolve; returns the output folder, which the caller
 * removes.
 */
export async function buildBench(): Promise<string> {
  await builtCheckout()
  const folder = await mkdtemp(join(bench, '.child-'))
  await run(tsup, ['--silent', '--out-dir', folder], { cwd: bench })
  return folder
}

/** Runs a built bench as a program. */
export async function runBench(
  folder: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<{ stdout: string; results: DataSetResults[] }> {
  const json = join(await temporaryFolder(), 'results.json')
  const { stdout } = await run(process.execPath, [join(folder, 'main.js'), ...args, '--json', json], { env })
  return { stdout, results: JSON.parse(await readFile(json, 'utf8')) }
}
