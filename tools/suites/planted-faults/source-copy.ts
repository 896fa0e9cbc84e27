import { execFileSync, spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT: string = fileURLToPath(new URL('../../../', import.meta.url))

/** The outcome of a run of tests. */
export interface TestRun {
  readonly passed: number
  readonly failed: number
  /** The output of vitest. */
  readonly output: string
}

/** A copy of the source in the working folder, in which lines can be changed and tests run. */
export interface SourceCopy {
  /**
   * Runs test files, or only their tests whose names match `only`. Stops at the first failure. `services`: the socket
   * for shared services.
   */
  test(files: readonly string[], only: string | undefined, services: string): Promise<TestRun>
  read(file: string): string
  write(file: string, text: string): void
  remove(): void
}

/** Copies all files that git knows or would add. Links the installed packages. */
export function copySource(): SourceCopy {
  const folder = mkdtempSync(join(tmpdir(), 'dwh-planted-'))
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  const installed = new Set(['node_modules'])
  for (const file of listed.split('\0')) {
    if (file === '' || !existsSync(join(ROOT, file))) continue
    cpSync(join(ROOT, file), join(folder, file))
    if (file.endsWith('package.json')) installed.add(join(dirname(file), 'node_modules'))
  }
  for (const modules of installed) {
    if (!existsSync(join(ROOT, modules))) continue
    mkdirSync(dirname(join(folder, modules)), { recursive: true })
    symlinkSync(join(ROOT, modules), join(folder, modules))
  }
  return {
    test: (files, only, services) => runTests(folder, files, only, services),
    read: (file) => readFileSync(join(folder, file), 'utf8'),
    write: (file, text) => writeFileSync(join(folder, file), text),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

async function runTests(
  folder: string,
  files: readonly string[],
  only: string | undefined,
  services: string,
): Promise<TestRun> {
  const report = join(folder, 'report.json')
  rmSync(report, { force: true })
  const args = ['run', '--config', 'tools/suites/planted-faults/vitest.config.ts', '--bail=1', '--reporter=default']
  args.push('--reporter=json', `--outputFile.json=${report}`, ...(only === undefined ? [] : ['-t', only]), ...files)
  const child = spawn(process.execPath, [join(folder, 'node_modules/vitest/vitest.mjs'), ...args], {
    cwd: folder,
    env: { ...process.env, DWH_PLANTED_SERVICES: services },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  await new Promise<void>((resolve, reject) => child.once('error', reject).once('close', () => resolve()))
  if (!existsSync(report)) return { passed: 0, failed: 0, output }
  const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(report, 'utf8'))
  return { passed: numPassedTests, failed: numFailedTests, output }
}
