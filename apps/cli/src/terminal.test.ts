import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify, stripVTControlCharacters } from 'node:util'
import { builtProgram, testDatabase } from '@dwh/test-kit'
import stringWidth from 'string-width'
import { expect, test } from 'vitest'
import { workplace } from './test-support.ts'

const run = promisify(execFile)
const LONG = 'measurements_of_all_the_sensors_in_all_the_buildings_everywhere'

/** What a terminal of 80 columns and 24 rows gets from a command: each line once. */
async function onTerminal(folder: string, env: Readonly<Record<string, string>>, ...args: string[]): Promise<string[]> {
  const command = [process.execPath, await builtProgram('dwh'), ...args].map((word) => `'${word}'`).join(' ')
  const script = ['-qec', `stty cols 80 rows 24; ${command}`, '/dev/null']
  const text = await new Promise<string>((resolve) => {
    const options = {
      cwd: folder,
      env: { PATH: process.env.PATH, HOME: folder, TMPDIR: folder, TERM: 'xterm', ...env },
    }
    execFile('script', script, options, (_, stdout) => resolve(stdout)).stdin?.end()
  })
  return stripVTControlCharacters(text)
    .split(/\r?\n|\r/)
    .filter((line) => line !== '')
}

const tooLong = (lines: readonly string[]) => lines.filter((line) => stringWidth(line) > 80)

test('terminal of 80 columns, long names: no line of a run or of what lists it is longer', async () => {
  const { url } = await testDatabase(
    `CREATE SCHEMA ${LONG}; CREATE TABLE ${LONG}.${LONG} (${LONG} int PRIMARY KEY, v varchar(100));
     CREATE TABLE ${LONG} AS SELECT i, repeat(md5(i::text), 8) AS t FROM generate_series(1, 30000) i;
     CREATE TABLE broken AS SELECT 1 / (i - 1) AS i FROM generate_series(2, 3) i`,
  )
  const { folder } = await workplace()
  const env = { DATABASE_URL: url }
  const seen = new Map<string, string[]>()
  for (const args of [['plan'], ['run'], ['status'], ['tables'], ['tables', `${LONG}.*`], ['history'], ['verify']]) {
    const lines = await onTerminal(folder, env, ...args)
    expect(tooLong(lines), args.join(' ')).toEqual([])
    seen.set(args.join(' '), lines)
  }
  expect(seen.get('run')?.join('\n')).toMatch(/✓ measurements_\S*…: 30,000 rows, .* by copy/)
  expect(seen.get('run')?.join(' ')).toMatch(/Published \S+: 3 tables/)
  expect(seen.get('tables')?.join('\n')).toMatch(/measurements_\S*… +\d{4}-\d\d-\d\d +30,000 /)
  await writeFile(join(folder, 'dwh.yaml'), 'tables: { broken: { where: "1 / (i - i) > 0" } }')
  expect(tooLong(await onTerminal(folder, env, 'run'))).toEqual([])
  for (const args of [['history'], ['status']]) expect(tooLong(await onTerminal(folder, env, ...args))).toEqual([])
})

test('every help text: at most 80 columns, on a terminal and elsewhere', async () => {
  const { dwh, folder } = await workplace()
  const { stdout: script } = await dwh(['completion', 'bash'])
  const [, list = ''] = /words='([^']*) --help --version'/.exec(script) ?? []
  const commands = list.split(' ')
  expect(commands).toEqual(expect.arrayContaining(['run', 'schema', 'help']))
  const pages = [['--help'], ['help', 'settings'], ['help', 'exit-codes'], ...commands.map((name) => [name, '--help'])]
  for (const args of pages) {
    const { stdout, code } = await dwh(args)
    expect(code).toBe(0)
    expect(tooLong(stdout.split('\n')), args.join(' ')).toEqual([])
  }
  expect(tooLong(await onTerminal(folder, {}, '--help'))).toEqual([])
  const scheduler = await run(process.execPath, [await builtProgram('dwh-scheduler'), '--help'])
  expect(tooLong(scheduler.stdout.split('\n'))).toEqual([])
})

test('version, help and completion: DuckDB is not loaded', async () => {
  const { dwh } = await workplace()
  const shown = 'process.on(`exit`,()=>console.error(...process.report.getReport().sharedObjects))'
  const env = { NODE_OPTIONS: `--import=data:text/javascript,${shown}` }
  const loaded = async (...args: string[]) => (await dwh(args, { env })).stderr
  expect(await loaded('version')).toMatch(/duckdb/)
  for (const args of [['--version'], ['--help'], ['completion', 'bash'], ['__complete', 'tables']])
    expect(await loaded(...args), args.join(' ')).toMatch(/^(?!.*duckdb).*\.so/s)
})
