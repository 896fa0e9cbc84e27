import { execFile } from 'node:child_process'
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createDatabase, serverUrl, type TestDatabase, testDatabase } from '@dwh/test-kit'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type Finished, type Workplace, workplace } from './test-support.ts'

const run = promisify(execFile)
const isRoot = process.getuid?.() === 0
const SECRET = 's3cr3t-p4ss'

/** Expects one clear message on stderr with a hint, this exit code, no output on stdout, no secret, and no file. */
async function refuses(
  place: Workplace,
  finished: Finished,
  code: number,
  ...texts: (string | RegExp)[]
): Promise<void> {
  expect(finished.code, finished.stderr).toBe(code)
  expect(finished.stdout).toBe('')
  expect(finished.stderr).toMatch(/^error: .+\n( {2}.+\n)+$/)
  for (const text of texts) expect(finished.stderr).toMatch(text)
  expect(finished.stderr).not.toContain(SECRET)
  expect(await readdir(place.temp)).toEqual([])
  const warehouse = await readdir(join(place.folder, 'warehouse')).catch(() => [])
  expect(warehouse.filter((name) => !['_dwh', 'etl.json'].includes(name))).toEqual([])
}

describe('the source', () => {
  test('wrong password, missing database, unreachable host, malformed URL, no source: exit code and hint', async () => {
    const database = await testDatabase('CREATE TABLE a (i int)')
    const place = await workplace()
    const url = new URL(database.url)
    url.password = SECRET
    const attempt = (source: string, ...args: string[]) =>
      place.dwh(['run', ...args], { env: { DATABASE_URL: source } })
    await refuses(place, await attempt(url.href), 1, 'password authentication failed', 'PGPASSWORD')
    await refuses(place, await attempt(url.href, '--debug').then(firstLines), 1, 'password authentication failed')
    const missing = new URL(database.url)
    missing.pathname = '/nothing_of_that_name'
    await refuses(
      place,
      await attempt(missing.href),
      1,
      'database "nothing_of_that_name" does not exist',
      'name of the database',
    )
    await refuses(
      place,
      await attempt(`postgres://u:${SECRET}@127.0.0.1:1/x`),
      1,
      '127.0.0.1:1: connect ECONNREFUSED',
      'Check host and port',
    )
    await refuses(
      place,
      await attempt(`postgres://u:${SECRET}@no-such-host.invalid/x`),
      1,
      'no-such-host.invalid',
      'DNS',
    )
    await refuses(
      place,
      await attempt(`postgres://u:${SECRET}/x@host/db`),
      2,
      'the URI of the source',
      'percent-encode',
    )
    await refuses(place, await attempt(`mysql://u:${SECRET}@host/db`), 2, 'postgres://')
    await refuses(
      place,
      await place.dwh(['run', '--source', `postgres://u:${SECRET}@127.0.0.1:1/x`, '--debug']).then(firstLines),
      1,
      'ECONNREFUSED',
    )
    await refuses(place, await attempt(''), 2, 'no source', 'DATABASE_URL')
    const status = await place.dwh(['status'])
    expect(status.stdout).toMatch(/last failure .*\n +127\.0\.0\.1:1: connect ECONNREFUSED/)
    const everything = await run('grep', ['-r', SECRET, place.folder]).catch((error) => error)
    expect(everything).toMatchObject({ code: 1, stdout: '' })
  })

  /** Removes the stack trace that --debug adds, after checking that the whole output has no secret. */
  function firstLines(finished: Finished): Finished {
    expect(finished.stderr).not.toContain(SECRET)
    expect(finished.stderr).toContain('    at ')
    const stderr = finished.stderr
      .split('\n')
      .filter((line, i) => i === 0 || line.startsWith('  '))
      .filter((line) => !line.startsWith('    at ') && !line.includes('DwhError'))
    return { ...finished, stderr: `${stderr.slice(0, 2).join('\n')}\n` }
  }

  test('password in the configuration file: not shown', async () => {
    const place = await workplace()
    await writeFile(join(place.folder, 'dwh.yaml'), `source: postgres://u:${SECRET}@127.0.0.1:1/x\n`)
    await refuses(place, await place.dwh(['run']), 1, 'ECONNREFUSED')
    expect((await place.dwh(['plan', '--debug'])).stderr).not.toContain(SECRET)
  })

  test('no tables, or no readable tables: exit code 1 with the GRANT', async () => {
    const database = await testDatabase()
    const place = await workplace({ DATABASE_URL: database.url })
    await refuses(place, await place.dwh(['run']), 1, 'no tables', 'name of the database')
    await database.query('CREATE TABLE closed (i int); CREATE TABLE half (i int, pin int)')
    const role = `r_${database.name}`
    await database.query(`CREATE ROLE ${role} LOGIN PASSWORD '${SECRET}'; GRANT SELECT (i) ON half TO ${role}`)
    onTestFinished(async () => {
      await database.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
    })
    const url = new URL(database.url)
    url.username = role
    url.password = SECRET
    const asReader = { env: { DATABASE_URL: url.href } }
    await refuses(
      place,
      await place.dwh(['run'], asReader),
      1,
      'closed: no SELECT privilege; half: column pin',
      `GRANT SELECT ON "public"."closed" TO "${role}"`,
    )
    await writeFile(
      join(place.folder, 'dwh.yaml'),
      'exclude: [closed]\ntables: { half: { columns: { exclude: [pin] } } }\n',
    )
    expect((await place.dwh(['run'], asReader)).code).toBe(0)
  })

  test('names that differ only in case: exit code 2', async () => {
    const database = await testDatabase('CREATE TABLE "Order" (i int); CREATE TABLE "order" (i int)')
    const place = await workplace({ DATABASE_URL: database.url })
    await refuses(place, await place.dwh(['run']), 2, 'Order and order', 'tables: { "order": { name: ')
    await database.query('DROP TABLE "Order"; CREATE TABLE ids ("ID" int, id int)')
    await refuses(place, await place.dwh(['run']), 2, 'columns "ID" and "id"', 'rename')
    await writeFile(join(place.folder, 'dwh.yaml'), 'tables: { ids: { columns: { rename: { id: id_2 } } } }\n')
    expect((await place.dwh(['run'])).code).toBe(0)
  })
})

describe('the command line and the configuration', () => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await createDatabase(await serverUrl())
    await database.query('CREATE TABLE customers (i int); CREATE TABLE orders (i int, email text)')
  })
  afterAll(() => database.drop())

  async function place(yaml?: string): Promise<Workplace> {
    const made = await workplace({ DATABASE_URL: database.url })
    if (yaml !== undefined) await writeFile(join(made.folder, 'dwh.yaml'), yaml)
    return made
  }

  test.each<[string, ...string[]]>([
    ['exclud: [a]', 'dwh.yaml:1: unknown key "exclud"', 'Did you mean exclude?'],
    ['storage: ./x\ntables:\n  orders:\n    colums: {}', 'dwh.yaml:4: unknown key "colums"', 'Did you mean columns?'],
    [
      'tables:\n  orders:\n    columns:\n      drop: [x]',
      'dwh.yaml:4: unknown key "drop"',
      'Known here: exclude, rename',
    ],
    ['tables:\n  ordrs: {}', 'tables: "ordrs"', 'Did you mean "orders"?'],
    ['tables:\n  orders:\n    columns:\n      exclude: [emial]', 'no column "emial"', 'Did you mean "email"?'],
    ['include: [customer]', 'include: "customer"', 'Did you mean "customers"?'],
    ['tables: [orders]', 'dwh.yaml:1: tables: expected keys with values, not a list', 'write include: [orders'],
    ['tables:\n  - orders:\n      name: x', 'dwh.yaml:2: tables: expected', 'write include: [orders'],
    ['tables: orders', 'dwh.yaml:1: tables: expected keys with values', 'write include: [orders'],
    ['tables: { orders: false }', 'tables.orders: expected keys with values', 'write exclude: true'],
    ['tables: { orders: { columns: [id] } }', 'tables.orders.columns: expected', 'Known here: exclude, rename'],
    ['include: orders', 'include: expected a list', 'include: [first, second]'],
    ['schedule: "0 3 * * *"', 'schedule: expected keys with values', 'Known here: run,'],
    ['keep: [7]', 'keep: expected keys with values, not a list', 'Known here: daily'],
    ['types: text', 'types: expected keys with values', 'types: { name: value }'],
    ['parallel: many', 'dwh.yaml:1: parallel: expected a number'],
    ['parallel: 0', 'parallel: expected at least 1'],
    ['lock_timeout: 10', 'lock_timeout'],
    ['on_table_error: ignore', 'on_table_error'],
    ['on_blocked_ddl: kill', 'on_blocked_ddl'],
    ['max_snapshot_age: a day', 'max_snapshot_age: expected a duration'],
    ['memory_limit: a lot', 'memory_limit: expected a size'],
    ['timezone: Mars/Olympus', 'time zone "Mars/Olympus"', 'IANA'],
    ['storage: gs://bucket/x', 'gs:// is not a supported kind of storage', 's3://bucket/prefix'],
    ['storage: s3:/bucket/x', 's3:/ is not a supported kind of storage', 's3://bucket/prefix'],
    ['storage: s3://bucket/b c', 'prefix of the storage: not valid'],
    ['storage: s3://bucket\ns3: { path_stile: true }', 'dwh.yaml:2', 'path_style'],
    ['storage: [', 'dwh.yaml:'],
    ['storage: a\nstorage: b', 'dwh.yaml:2'],
    ['just a text', 'the file'],
    ['tables: { "a.b.c": {} }', 'table name "a.b.c"'],
    [
      'tables: { orders: { where: "nothing > 1" } }',
      'orders: its condition (where): Postgres refuses it: column "nothing" does not exist',
    ],
  ])('%s', async (yaml, ...texts) => {
    const made = await place(yaml)
    const finished = await made.dwh(['run'])
    const withoutProgress = { ...finished, stderr: finished.stderr.replace(/^(✓|✗).*\n/gm, '') }
    if (yaml.includes('where')) await refuses(made, withoutProgress, 1, ...texts.map(literally))
    else await refuses(made, finished, 2, ...texts.map(literally))
  })

  function literally(text: string): RegExp {
    return new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  }

  test.each<[string[], string]>([
    [['run', '--date', 'someday'], 'date "someday": not a day'],
    [['run', '--date', '2999-01-01'], 'in the future'],
    [['run', '--tables', 'oders'], 'Did you mean "orders"'],
    [['run', '--parallel', 'x'], '--parallel: expected a number'],
    [['run', '--config', 'nowhere.yaml'], 'nowhere.yaml: no such file'],
    [['query', 'SELECT 1'], 'no warehouse here yet'],
    [['query', '--max-rows', 'x', 'SELECT 1'], '--max-rows x'],
    [['query', '--file', 'nowhere.sql'], 'nowhere.sql'],
    [['query', '--file', 'a', 'SELECT 1'], 'SQL given twice'],
    [['history', '--limit', '0'], '--limit 0'],
    [['tables'], 'no warehouse here yet'],
    [['views'], 'no warehouse here yet'],
  ])('dwh %j', async (args, text) => {
    const made = await place()
    await refuses(made, await made.dwh(args), 2, literally(text))
  })

  test('misspelled command, option or format: exit code 2', async () => {
    const { dwh } = await place()
    expect(await dwh(['rnu'])).toMatchObject({ code: 2, stderr: expect.stringContaining('Did you mean run?') })
    expect(await dwh(['run', '--replac'])).toMatchObject({ code: 2, stderr: expect.stringContaining('--replace') })
    expect(await dwh(['query', '--format', 'xml', 'SELECT 1'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Allowed choices are table, '),
    })
    expect(await dwh([])).toMatchObject({ code: 2, stderr: expect.stringContaining('Usage: dwh') })
  })

  test('etl.json changed by hand or of a newer version: exit code 1', async () => {
    const made = await place()
    expect((await made.dwh(['run'])).code).toBe(0)
    const generations = join(made.folder, 'warehouse/_dwh/generations/etl.json')
    const [last] = (await readdir(generations)).sort().slice(-1)
    for (const [content, text] of [
      ['={"version": 9}', 'Upgrade dwh'],
      ['=oops', 'is not JSON'],
    ] as const) {
      await writeFile(join(generations, last ?? ''), content)
      for (const args of [['run'], ['status'], ['query', 'FROM orders']]) {
        expect(await made.dwh(args)).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining(text) })
      }
    }
  })
})

describe('the disk', () => {
  test('storage not writable: exit code 1', async () => {
    const database = await testDatabase('CREATE TABLE a (i int)')
    const place = await workplace({ DATABASE_URL: database.url })
    await mkdir(join(place.folder, 'warehouse'))
    await chmod(join(place.folder, 'warehouse'), 0o555)
    // root may write anywhere except on a read-only file system
    if (isRoot) {
      await run('mount', ['-t', 'tmpfs', '-o', 'size=8m,ro', 'tmpfs', join(place.folder, 'warehouse')])
      onTestFinished(async () => {
        await run('umount', [join(place.folder, 'warehouse')])
      })
    }
    const finished = await place.dwh(['run'])
    expect(finished).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/error: .*warehouse.*(read-only|permission denied)/i),
    })
  })

  test('temporary folder cannot be created: exit code 1', async () => {
    const database = await testDatabase('CREATE TABLE a (i int)')
    const place = await workplace({ DATABASE_URL: database.url })
    await writeFile(join(place.folder, 'a-file'), '')
    await refuses(
      place,
      await place.dwh(['run'], { env: { DWH_TMP: './a-file/x' } }),
      1,
      'a-file/x',
      'temporary folder',
    )
  })

  test.skipIf(!isRoot)(
    'disk full, for the warehouse or temporary files: exit code 1 [needs root, to mount a small disk]',
    async () => {
      const database = await testDatabase(
        `CREATE TABLE small (i int); CREATE TABLE big AS SELECT md5(i::text) || md5((i+1)::text) AS t FROM generate_series(1, 100000) i`,
      )
      const place = await workplace({ DATABASE_URL: database.url })
      const disk = join(place.folder, 'disk')
      await mkdir(disk)
      await run('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk])
      onTestFinished(async () => {
        await run('umount', [disk])
      })
      for (const env of [{ DWH_STORAGE: `${disk}/warehouse` }, { DWH_TMP: `${disk}/tmp` }] as Record<
        string,
        string
      >[]) {
        const finished = await place.dwh(['run'], { env })
        expect(finished).toMatchObject({
          code: 1,
          stdout: '',
          stderr: expect.stringMatching(/error: big: .*(no space|could not write|STORE_FULL)/i),
        })
        expect(finished.stderr).toMatch(/free some/i)
        // of the tables that fitted; the next run removes them
        const left = async () =>
          (await readdir(disk, { recursive: true })).filter((name) => name.endsWith('.parquet')).sort()
        const first = await left()
        expect(first.filter((name) => !name.includes('/_dwh/parts/small/'))).toEqual([])
        expect((await place.dwh(['run'], { env })).code).toBe(1)
        expect((await left()).length).toBeLessThanOrEqual(1)
        await database.query('DROP TABLE IF EXISTS big_kept')
      }
      const status = await place.dwh(['status'], { env: { DWH_STORAGE: `${disk}/warehouse` } })
      expect(status.stdout).toContain('last failure')
    },
  )
})

describe('a run is interrupted', () => {
  const BIG = `CREATE TABLE small (i int); CREATE TABLE big AS SELECT i, repeat(md5(i::text), 8) AS t FROM generate_series(1, 300000) i`

  test('backend killed during a run: the previous version stays, status shows the failure', async () => {
    const database = await testDatabase(BIG)
    const place = await workplace({ DATABASE_URL: database.url })
    expect((await place.dwh(['run', '--date', '2026-02-17'])).code).toBe(0)
    const before = JSON.parse(await readFile(join(place.folder, 'warehouse/etl.json'), 'utf8'))
    const finished = await place.dwh(['run', '--full-refresh'], { onStart: () => void killBackend(database) })
    expect(finished.code, finished.stderr).toBe(1)
    expect(finished.stderr).toMatch(/error: big(?:, after \d+ bytes)?: /)
    const after = JSON.parse(await readFile(join(place.folder, 'warehouse/etl.json'), 'utf8'))
    const { checksum: _, ...good } = before
    expect(after).toMatchObject({ ...good, last_failure: expect.objectContaining({ tables: ['big'] }) })
    expect(await readdir(join(place.folder, 'warehouse/big/2026'))).toEqual(['02'])
    const status = await place.dwh(['status'])
    expect(status.stdout).toMatch(/last failure .*\n +big(?:, after \d+ bytes)?: /)
    expect(JSON.parse((await place.dwh(['query', '--json', 'SELECT count(*) AS n FROM big'])).stdout)).toEqual([
      { n: 300000 },
    ])
  })

  /** Kills the backend that reads the table, as soon as there is one. */
  async function killBackend(database: TestDatabase): Promise<void> {
    for (;;) {
      const { rowCount } = await database.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'dwh' AND query LIKE 'COPY%"big"%' AND state = 'active'`,
      )
      if (rowCount) return
    }
  }

  test.each([
    ['SIGTERM', 1],
    ['SIGINT', 1],
    // once from the terminal, once forwarded by npm
    ['SIGINT', 2],
  ] as const)('%s, %i times at once: the run stops, cleans up, and publishes nothing', async (signal, times) => {
    const database = await testDatabase(BIG)
    const place = await workplace({ DATABASE_URL: database.url })
    const finished = await place.dwh(['run'], {
      onStart: (child) => {
        child.stderr?.once('data', () => {
          child.kill(signal)
          // a little later: two simultaneous signals count as one
          if (times === 2) setTimeout(() => child.kill(signal), 20)
        })
      },
    })
    expect(finished.code, finished.stderr).toBe(1)
    expect(finished.stderr).toContain('error: run: stopped')
    expect(await readdir(place.temp)).toEqual([])
    expect(JSON.parse((await place.dwh(['status', '--json'])).stdout)).toMatchObject({
      status: 'none',
      last_failure: { code: 'ABORTED' },
    })
    await expect
      .poll(
        async () =>
          (
            await database.query(
              `SELECT 1 FROM pg_stat_activity WHERE application_name = 'dwh' AND datname = current_database()`,
            )
          ).rowCount,
      )
      .toBe(0)
  })

  test('SIGKILL during a run: nothing is published, and the next run succeeds', async () => {
    const database = await testDatabase(BIG)
    const place = await workplace({ DATABASE_URL: database.url })
    const finished = await place.dwh(['run'], {
      onStart: (child) => {
        child.stderr?.once('data', () => child.kill('SIGKILL'))
      },
    })
    expect(finished.code).toBeNull()
    expect(JSON.parse((await place.dwh(['status', '--json'])).stdout)).toMatchObject({ status: 'none' })
    expect((await place.dwh(['run'])).code).toBe(0)
    expect(JSON.parse((await place.dwh(['query', '--json', 'SELECT count(*) AS n FROM big'])).stdout)).toEqual([
      { n: 300000 },
    ])
  })

  test('reader closes stdout early: exit code 0', async () => {
    const database = await testDatabase(BIG)
    const place = await workplace({ DATABASE_URL: database.url })
    await place.dwh(['run'])
    const finished = await place.dwh(['query', '--format', 'csv', 'SELECT a.i FROM big a, big b'], {
      onStart: (child) => {
        child.stdout?.once('data', () => child.stdout?.destroy())
      },
    })
    expect(finished).toMatchObject({ code: 0, stderr: '' })
  })

  test('server never answers: timeout with a hint', async () => {
    const silent = createServer()
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void silent.close())
    const { port } = silent.address() as { port: number }
    const place = await workplace({ DATABASE_URL: `postgres://u:${SECRET}@127.0.0.1:${port}/x` })
    await refuses(place, await place.dwh(['run']), 1, 'timeout', 'firewall')
  })
})
