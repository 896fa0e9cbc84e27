import { execFile } from 'node:child_process'
import { chmod, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { startS3Server } from '@dwh/s3-server'
import { builtProgram, testDatabase } from '@dwh/test-kit'
import { expect, onTestFinished, test } from 'vitest'
import { type Workplace, workplace } from '../test-support.ts'

const run = promisify(execFile)

/** Returns what a real bash offers while the last of these words is being typed. */
async function offered(...words: string[]): Promise<string[]> {
  return offeredIn(await workplace(), ...words)
}

async function offeredIn(place: Workplace, ...words: string[]): Promise<string[]> {
  const { stdout: script, code } = await place.dwh(['completion', 'bash'])
  expect(code).toBe(0)
  const file = join(place.folder, 'completion.bash')
  await writeFile(file, script)
  const program = `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _dwh || true; printf "%s\\n" "$\{COMPREPLY[@]}"`
  const { stdout } = await run('bash', ['-euc', program, 'bash', file, ...words], { cwd: place.folder })
  return stdout.split('\n').filter(Boolean)
}

test('bash: completes commands, flags, values of flags and arguments', async () => {
  expect(await offered('dwh', '')).toEqual(expect.arrayContaining(['run', 'query', 'doctor', 'completion', '--help']))
  expect(await offered('dwh', 'st')).toEqual(['status'])
  expect(await offered('dwh', 'run', '--rep')).toEqual(['--replace'])
  expect(await offered('dwh', 'run', '--')).toEqual(
    expect.arrayContaining(['--tables', '--storage', '--json', '--help']),
  )
  expect(await offered('dwh', 'query', '--format', 'v')).toEqual(['vertical'])
  expect(await offered('dwh', 'query', '--format', '')).toEqual(expect.arrayContaining(['table', 'json', 'csv']))
  expect(await offered('dwh', 'query', '--file', '')).toEqual([])
  expect(await offered('dwh', 'completion', 'f')).toEqual(['fish'])
  expect(await offered('dwh', 'unknown', '')).toEqual([])
})

test('every shell: script has every command; unknown shell: refused', async () => {
  const place = await workplace()
  const { stdout: help } = await place.dwh(['--help'])
  const listed = help.slice(help.indexOf('\nCopy Postgres:'), help.indexOf('\nGetting started:'))
  const commands = [...listed.matchAll(/^ {2}([a-z]+) /gm)].map(([, name = '']) => name)
  expect(commands).toEqual(expect.arrayContaining(['run', 'status', 'help']))
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { stdout } = await place.dwh(['completion', shell])
    for (const name of commands) expect(stdout).toContain(name)
  }
  expect(await place.dwh(['completion', 'tcsh'])).toMatchObject({ code: 2 })
})

/** A warehouse with two tables of one day, and the program to type. */
async function warehouse() {
  const { url } = await testDatabase(
    'CREATE TABLE orders (i int); CREATE SCHEMA billing; CREATE TABLE billing.bills (i int)',
  )
  const place = await workplace({ DATABASE_URL: url })
  expect((await place.dwh(['run', '--date', '2026-02-18'])).code).toBe(0)
  const dwh = join(place.folder, 'dwh')
  await writeFile(dwh, `#!/bin/sh\nexec '${process.execPath}' '${await builtProgram('dwh')}' "$@"\n`)
  await chmod(dwh, 0o755)
  return { place, dwh }
}

test('bash: completes the names of tables and days; another storage, or none: nothing and no message', async () => {
  const { place, dwh } = await warehouse()
  const typed = (...words: string[]) => offeredIn(place, dwh, ...words)
  expect(await typed('schema', 'or')).toEqual(['orders'])
  expect(await typed('run', '--tables', '')).toEqual(['billing.bills', 'orders'])
  expect(await typed('run', '--tables', 'orders', 'b')).toEqual(['billing.bills'])
  expect(await typed('run', '--tables', 'orders', '--rep')).toEqual(['--replace'])
  expect(await typed('query', '--as-of', '')).toEqual(['2026-02-18'])
  expect(await typed('tables', '--storage', '/nowhere', 'or')).toEqual([])
  expect(await typed('help', 'set')).toEqual(['settings'])
  expect(await typed('export', '')).toEqual(expect.arrayContaining(['billing.bills', 'orders', '--to']))
  expect(await typed('export', 'orders', '2')).toEqual(['2026-02-18'])
  expect(await typed('export', 'orders', 'o')).toEqual([])
  // the value of a flag is no argument
  expect(await typed('export', '--storage', 'warehouse', '--json', 'o')).toEqual(['orders'])
  expect(await typed('export', 'orders', '--to', '')).toEqual([])
})

test('bucket: completes what was last read of it, and waits at most half a second for one that does not answer', async () => {
  const server = await startS3Server({ buckets: ['lake'] })
  onTestFinished(() => server.close())
  const { place } = await warehouse()
  const env = {
    DWH_STORAGE: 's3://lake/w',
    S3_ENDPOINT: server.url,
    AWS_ACCESS_KEY_ID: server.credential.accessKeyId,
    AWS_SECRET_ACCESS_KEY: server.credential.secretAccessKey,
  }
  expect((await place.dwh(['run'], { env })).code).toBe(0)
  expect((await place.dwh(['tables'], { env })).code).toBe(0)
  expect((await place.dwh(['__complete', 'tables'], { env })).stdout).toBe('billing.bills\norders\n')
  const silent = createServer()
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void silent.close())
  const away = { ...env, S3_ENDPOINT: `http://127.0.0.1:${(silent.address() as AddressInfo).port}` }
  for (const what of ['days', 'tables'])
    expect(await place.dwh(['__complete', what], { env: away })).toMatchObject({ code: 0, stdout: '', stderr: '' })
  await server.close()
  expect((await place.dwh(['__complete', 'tables'], { env })).stdout).toBe('billing.bills\norders\n')
})
