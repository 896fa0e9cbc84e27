import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { startS3Server } from '@dwh/s3-server'
import { builtProgram, testDatabase } from '@dwh/test-kit'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openTerminal } from '../terminal.test-support.ts'
import { type Workplace, workplace } from '../test-support.ts'

async function shop(env: Record<string, string> = {}): Promise<Workplace> {
  const database = await testDatabase(`
    CREATE TABLE orders AS SELECT i AS id, md5(i::text) AS note FROM generate_series(1, 20000) i;
    CREATE SCHEMA billing; CREATE TABLE billing."a.b" AS SELECT 1 AS id`)
  const place = await workplace({ DATABASE_URL: database.url, ...env })
  for (const date of ['2026-02-16', '2026-02-18']) {
    const run = await place.dwh(['run', '--date', date])
    expect(run.code, run.stderr).toBe(0)
    await database.query('DELETE FROM orders WHERE id > 10')
  }
  return place
}

async function bucket() {
  const server = await startS3Server({ buckets: ['lake'] })
  onTestFinished(() => server.close())
  const { accessKeyId, secretAccessKey } = server.credential
  const env = {
    DWH_STORAGE: 's3://lake/shop',
    S3_ENDPOINT: server.url,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  }
  return { server, env }
}

const sha256Of = (body: Uint8Array) => createHash('sha256').update(body).digest('hex')

/** The files in the working folder, apart from the warehouse. */
const written = async ({ folder }: Workplace) => (await readdir(folder)).filter((name) => name !== 'warehouse').sort()

describe.each([
  ['a folder', async () => ({ env: {} })],
  ['a bucket', bucket],
])('export from %s', (_, storage) => {
  test('a day between two: the file of the day before under its name, and a note', async () => {
    const place = await shop((await storage()).env)
    const export1 = await place.dwh(['export', 'orders', '2026-02-17'])
    expect(export1).toEqual({
      code: 0,
      stdout: expect.stringMatching(
        /^Exported orders as of 2026-02-16 to orders-2026-02-16\.parquet: 20,?000 rows, [\d.]+ kB\n$/,
      ),
      stderr: 'note: as of 2026-02-16, the last day at or before 2026-02-17\n',
    })
    const json = await place.dwh(['export', 'orders', '2026-02-16', '--to', 'a.parquet', '--json'])
    expect(json).toMatchObject({ code: 0, stderr: '' })
    const body = await readFile(join(place.folder, 'a.parquet'))
    expect(JSON.parse(json.stdout)).toEqual({
      path: join(place.folder, 'a.parquet'),
      table: 'orders',
      day: '2026-02-16',
      taken_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      rows: 20_000,
      bytes: body.length,
      sha256: sha256Of(body),
    })
    expect(await readFile(join(place.folder, 'orders-2026-02-16.parquet'))).toEqual(body)
    expect(await place.dwh(['export', 'billing."a.b"'])).toMatchObject({ code: 0, stderr: '' })
    expect(await written(place)).toEqual(['a.parquet', 'billing.a%2Eb-2026-02-18.parquet', 'orders-2026-02-16.parquet'])
    expect(await readdir(place.temp)).toEqual([])
  })

  test('--to -: all bytes on stdout, or as many as its reader takes; into a pipe by its path too', async () => {
    const { env } = await storage()
    const place = await shop(env)
    expect((await place.dwh(['export', 'orders', '--to', 'a.parquet'])).code).toBe(0)
    const own = { PATH: process.env.PATH, HOME: join(place.folder, '../home'), TMPDIR: place.temp, ...env }
    const programs = { DWH: await builtProgram('dwh'), NODE: process.execPath }
    const options = { cwd: place.folder, env: { ...own, ...programs } }
    const sh = (script: string) => promisify(execFile)('bash', ['-ec', script], options)
    await sh('"$NODE" "$DWH" export orders --to - | cat > b.parquet; cmp a.parquet b.parquet')
    expect(await sh('"$NODE" "$DWH" export orders 2026-02-16 --to - 2> err | head -c 4; cat err')).toEqual({
      stdout: 'PAR1',
      stderr: '',
    })
    await sh(
      'mkfifo pipe; cat pipe > c.parquet & "$NODE" "$DWH" export orders --to pipe; wait; cmp a.parquet c.parquet',
    )
    await sh('"$NODE" "$DWH" export orders --to /dev/stdout | cat > d.parquet; cmp a.parquet d.parquet')
    expect(await readdir(place.temp)).toEqual([])
  })
})

test('wrong usage: an error that says what to do, and no file', async () => {
  const place = await shop()
  for (const [args, message] of [
    [['ordrs'], 'Did you mean "orders"?'],
    [['orders', '2026-02-01'], 'the first day of the warehouse is 2026-02-16'],
    [['orders', 'latest'], 'date "latest": not a day'],
    [['orders', '--to', 'none/x.parquet'], 'in a folder that exists'],
    [['orders', '--to', '.'], 'it is a folder'],
    [['orders', '--to', '-', '--json'], 'both write to stdout'],
    [['orders', '--as-of', '2026-02-16'], 'dwh export orders 2026-02-18'],
    [['orders', '-o', 'x.parquet'], '`--to <file>`'],
    [[], "missing required argument 'table'"],
  ] as const)
    expect(await place.dwh(['export', ...args]), args.join(' ')).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining(message),
    })
  expect(await written(place)).toEqual([])
})

test('--to -: refused on a terminal', async () => {
  const place = await shop()
  const terminal = openTerminal(place, ['export', 'orders', '--to', '-'])
  await terminal.shown(/error: --to -: a terminal cannot show a Parquet file\n/)
  expect(await terminal.ended()).toBe(2)
})

test('--to: over an old file and through a symbolic link; a missing file leaves both', async () => {
  const place = await shop()
  await mkdir(join(place.folder, 'out'))
  await writeFile(join(place.folder, 'out/real.parquet'), 'old')
  await symlink('out/real.parquet', join(place.folder, 'link.parquet'))
  expect((await place.dwh(['export', 'orders', '--to', 'link.parquet'])).code).toBe(0)
  const body = await readFile(join(place.folder, 'out/real.parquet'))
  expect(body.subarray(0, 4).toString()).toBe('PAR1')
  const [{ paths }] = JSON.parse((await place.dwh(['tables', 'orders', '--json'])).stdout)
  await rm(paths[0])
  const missing = await place.dwh(['export', 'orders', '--to', 'link.parquet'])
  expect(missing).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringContaining('_dwh/parts/orders/2026/02/18-'),
  })
  expect(missing.stderr).toMatch(/`dwh verify`[\s\S]*`dwh repair`/)
  expect(await readFile(join(place.folder, 'out/real.parquet'))).toEqual(body)
  expect(await readdir(join(place.folder, 'out'))).toEqual(['real.parquet'])
})

test.each(['SIGTERM', 'SIGINT'] as const)('%s while the bucket hangs: nothing is left', async (signal) => {
  const { server, env } = await bucket()
  const place = await shop(env)
  const hanging = server.script({
    when: ({ operation, key }) => operation === 'GetObject' && key.endsWith('.parquet'),
    do: { hang: 'answer' },
  })
  const stopped = await place.dwh(['export', 'orders'], {
    onStart: (child) => void hanging.reached.then(() => child.kill(signal)),
  })
  expect(stopped).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/^error: .*: stopped\n$/) })
  expect(await written(place)).toEqual([])
  expect(await readdir(place.temp)).toEqual([])
})

test('a bucket that is away: a table that a query has read is still exported', async () => {
  const { server, env } = await bucket()
  const place = await shop(env)
  expect((await place.dwh(['query', 'FROM orders LIMIT 1'])).code).toBe(0)
  await server.close()
  expect(await place.dwh(['export', 'orders'])).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('Showing what was last read from it'),
  })
  expect(await place.dwh(['export', 'billing."a.b"'])).toMatchObject({ code: 1 })
  expect(await written(place)).toEqual(['orders-2026-02-18.parquet'])
})
