import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startS3Server } from '@dwh/s3-server'
import { detachHalfway, type TestDatabase, testDatabase, withClient } from '@dwh/test-kit'
import type { Finding } from '@dwh/warehouse'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Workplace, workplace } from '../test-support.ts'

const PASSWORD = 'p%40ss/canary'
const SECRET = 'canary-of-the-bucket'

interface Report {
  readonly ok: number
  readonly warnings: number
  readonly failed: number
  readonly skipped: number
  readonly checks: readonly Finding[]
}

interface Patient {
  readonly database: TestDatabase
  /** Name of a role that can only connect. */
  readonly role: string
  readonly url: string
  readonly place: Workplace
  /** Runs `dwh doctor --json` in this environment. */
  examine(env?: Record<string, string>, args?: readonly string[]): Promise<Report & { code: number | null }>
}

const OLD = '2026-01-01T00:00:00.000Z'

async function patient(sql = ''): Promise<Patient> {
  const database = await testDatabase(`CREATE TABLE customers AS SELECT 1 AS id; ${sql}`)
  const role = `${database.name}_reader`
  await database.query(
    `CREATE ROLE ${role} LOGIN PASSWORD '${decodeURIComponent(PASSWORD)}'; GRANT SELECT ON customers TO ${role}`,
  )
  onTestFinished(async () => void (await database.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)))
  const url = new URL(database.url)
  url.username = role
  url.password = PASSWORD
  const place = await workplace({ DATABASE_URL: url.href })
  return {
    database,
    role,
    url: url.href,
    place,
    async examine(env = {}, args = []) {
      const { code, stdout, stderr } = await place.dwh(['doctor', '--json', ...args], { env })
      for (const secret of [PASSWORD, decodeURIComponent(PASSWORD), SECRET]) {
        expect(stdout).not.toContain(secret)
        expect(stderr).not.toContain(secret)
      }
      expect(stderr).toBe('')
      return { code, ...JSON.parse(stdout) }
    },
  }
}

function check(report: Report, id: string): Finding {
  const found = report.checks.find((finding) => finding.id === id)
  if (!found) throw new Error(`no check ${id}`)
  return found
}

describe('a database that cannot be read', () => {
  test('no problems: every check is ok, in order, and nothing is left behind', async () => {
    const { examine, place } = await patient()
    const report = await examine()
    expect(report).toMatchObject({ code: 0, ok: 19, warnings: 0, failed: 0, skipped: 0 })
    expect(report.checks.map(({ id }) => id)).toMatchInlineSnapshot(`
      [
        "config",
        "source.connection",
        "source.server",
        "source.rights",
        "source.sessions",
        "source.snapshot",
        "source.tables",
        "source.notes",
        "local.temp",
        "local.cache",
        "storage.list",
        "storage.write",
        "storage.conditions",
        "warehouse",
        "warehouse.source",
        "warehouse.last_run",
        "query.files",
        "query.duckdb",
        "query.extensions",
      ]
    `)
    expect(Object.keys(report.checks[0] ?? {})).toEqual(['id', 'status', 'found', 'fix', 'paste'])
    expect(await readdir(place.folder)).toEqual([])
    expect(await readdir(place.temp)).toEqual([])
    const { stdout } = await place.dwh(['doctor'])
    expect(stdout).toMatch(/^ok {7}config .*\nok {7}source.connection .*: database test_/)
    expect(stdout).toMatch(/\n\n19 ok, 0 warnings, 0 failed\n$/)
  })

  test.each([
    ['the password', (url: URL) => (url.password = 'another'), /Check user and password/],
    ['the database', (url: URL) => (url.pathname = '/nowhere'), /Check the name of the database/],
    ['the port', (url: URL) => (url.port = '1'), /that Postgres is running/],
    ['the host', (url: URL) => (url.hostname = 'nowhere.invalid'), /host name cannot be resolved/],
    ['TLS that the server does not have', (url: URL) => url.searchParams.set('sslmode', 'require'), /sslmode=prefer/],
  ])('%s is wrong: dependent checks are skipped, and the storage is still checked', async (_, spoil, fix) => {
    const { examine, url } = await patient()
    const wrong = new URL(url)
    spoil(wrong)
    const report = await examine({ DATABASE_URL: wrong.href })
    expect(report).toMatchObject({ code: 1, failed: 1 })
    expect(check(report, 'source.connection')).toMatchObject({ status: 'failed', fix: expect.stringMatching(fix) })
    expect(check(report, 'source.tables')).toMatchObject({ status: 'skipped', found: 'needs source.connection' })
    expect(check(report, 'storage.write').status).toBe('ok')
  })

  test('unreadable tables of every kind: each is named, and the SQL fixes it', async () => {
    const { examine, database } = await patient(`
      CREATE TABLE closed (id int); CREATE TABLE locked_up (id int);
      CREATE SCHEMA "we""ird Schema"; CREATE TABLE "we""ird Schema"."Ta ble" (id int);
      CREATE TABLE guarded (id int); ALTER TABLE guarded ENABLE ROW LEVEL SECURITY; GRANT SELECT ON guarded TO PUBLIC;
      CREATE TABLE half (id int, pin text); GRANT SELECT (id) ON half TO PUBLIC;
      CREATE MATERIALIZED VIEW mv AS SELECT 1 AS a WITH NO DATA; GRANT SELECT ON mv TO PUBLIC`)
    const denied = check(await examine(), 'source.tables')
    expect(denied.status).toBe('failed')
    for (const found of [
      /closed: no SELECT privilege/,
      /locked_up: no SELECT privilege/,
      /no USAGE privilege on schema we"ird Schema/,
      /guarded: [^;]*row-level security/,
      /half, column pin: no SELECT privilege/,
      /mv: [^;]*never been filled/,
    ])
      expect(denied.found).toMatch(found)
    await database.query(denied.paste ?? '')
    expect(check(await examine(), 'source.tables')).toMatchObject({ status: 'ok' })
  })

  test('foreign table without user mapping, failing view: same message as a run; slow view: warning', async () => {
    const { examine, place } =
      await patient(`CREATE EXTENSION postgres_fdw; CREATE SERVER here FOREIGN DATA WRAPPER postgres_fdw;
      CREATE FOREIGN TABLE far (n int) SERVER here; CREATE VIEW broken AS SELECT 1 / (SELECT 0) AS n; CREATE VIEW slow AS SELECT 1 AS n FROM pg_sleep(600);
      GRANT SELECT ON far, broken, slow TO PUBLIC`)
    await writeFile(join(place.folder, 'dwh.yaml'), 'include: [customers, far, broken, slow]\n')
    const failed = check(await examine(), 'source.tables')
    expect(failed).toMatchObject({
      status: 'failed',
      found: expect.stringMatching(
        /far: user mapping not found[^;]*; broken: division by zero|broken: division by zero; far: user/,
      ),
    })
    const run = await place.dwh(['run', '--tables', 'far'])
    expect(run).toMatchObject({ code: 1, stderr: expect.stringContaining('far: user mapping not found') })
    await writeFile(join(place.folder, 'dwh.yaml'), 'include: [customers, slow]\n')
    expect(check(await examine(), 'source.tables')).toMatchObject({
      status: 'warning',
      found: expect.stringContaining('no row within 2 s: slow'),
    })
  })

  test('locked table: the locking session is named', async () => {
    const { examine, database } = await patient()
    await withClient(database.url, async (client) => {
      await client.query('BEGIN; LOCK TABLE customers IN ACCESS EXCLUSIVE MODE')
      const [{ pid }] = (await client.query('SELECT pg_backend_pid() AS pid')).rows
      expect(check(await examine(), 'source.tables')).toMatchObject({
        status: 'warning',
        found: expect.stringContaining(`customers: locked by pid ${pid}`),
        paste: `SELECT pg_terminate_backend(${pid});\n`,
      })
    })
  })

  test('interrupted DETACH PARTITION, rows stored twice: plan and doctor note it, and the tables are read', async () => {
    const { examine, database, place } = await patient(`CREATE TABLE m (n int) PARTITION BY LIST (n);
      CREATE TABLE m1 PARTITION OF m FOR VALUES IN (1); CREATE TABLE m2 PARTITION OF m FOR VALUES IN (2); INSERT INTO m VALUES (1), (2);
      CREATE TABLE parent (i int); CREATE TABLE kid () INHERITS (parent); GRANT SELECT ON m, m2, parent, kid TO PUBLIC`)
    await detachHalfway(database, 'm', 'm2')
    const statement = 'ALTER TABLE "public"."m" DETACH PARTITION "public"."m2" FINALIZE;'
    const said = check(await examine(), 'source.notes')
    expect(said).toMatchObject({
      status: 'warning',
      paste: `${statement}\n`,
      fix: expect.stringContaining('exclude: ["kid"]'),
    })
    const plan = await place.dwh(['plan'])
    expect(plan.stdout).toContain(`\nNotes:\n- m2: DETACH PARTITION`)
    expect(plan.stdout).toContain(`\n    ${statement}\n`)
    const [, notes = ''] = plan.stdout.split('Notes:')
    expect(Math.max(...notes.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80)
    const { notes: data } = JSON.parse((await place.dwh(['plan', '--json'])).stdout)
    expect(data.map(({ id }: { id: string }) => id)).toEqual(['detach_pending', 'stored_twice'])
    const run = await place.dwh(['run'])
    expect(run).toMatchObject({ code: 0, stderr: expect.stringContaining(statement) })
    const rows = 'SELECT (SELECT count(*) FROM m) AS m, (SELECT count(*) FROM m2) AS m2'
    expect((await place.dwh(['query', '--format', 'csv', rows])).stdout).toBe('m,m2\n1,1\n')
    await database.query(statement)
    expect(check(await examine(), 'source.notes').paste).toBeNull()
  })

  test('superuser, or role that may write: the SQL creates a read-only role', async () => {
    const { database, place, examine, role } = await patient('CREATE SCHEMA "A b"; CREATE TABLE "A b"."C" (id int)')
    const rights = check(await examine({ DATABASE_URL: database.url }), 'source.rights')
    expect(rights).toMatchObject({ status: 'warning', found: expect.stringMatching(/superuser/) })
    expect(rights.paste).toContain('GRANT USAGE ON SCHEMA "A b" TO "dwh_reader"')
    await database.query(`GRANT INSERT ON customers TO ${role}`)
    expect(check(await examine({}), 'source.rights')).toMatchObject({ status: 'warning' })

    const reader = `${role}"2`
    const { stdout } = await place.dwh(['doctor', '--role-sql', reader], { env: { DATABASE_URL: database.url } })
    await database.query(stdout)
    const name = `"${reader.replaceAll('"', '""')}"`
    onTestFinished(async () => void (await database.query(`DROP OWNED BY ${name}; DROP ROLE ${name}`)))
    await database.query(`ALTER ROLE ${name} PASSWORD 'x'; CREATE TABLE came_later (id int)`)
    const url = new URL(database.url)
    url.username = encodeURIComponent(reader)
    url.password = 'x'
    const report = await examine({ DATABASE_URL: url.href })
    expect(report).toMatchObject({ code: 0, warnings: 0 })
    expect(check(report, 'source.tables').found).toContain('3 tables')
  })

  test('too few connections: the proposed setting is enough', async () => {
    const { examine, database, role } = await patient()
    await database.query(`ALTER ROLE ${role} CONNECTION LIMIT 3`)
    const sessions = check(await examine({ DWH_PARALLEL: '4' }), 'source.sessions')
    expect(sessions).toMatchObject({
      status: 'warning',
      found: expect.stringMatching(/^3 connections free .* needs 5/),
    })
    const [, parallel = ''] = /parallel to (\d+)/.exec(sessions.fix ?? '') ?? []
    expect(check(await examine({ DWH_PARALLEL: parallel }), 'source.sessions').status).toBe('ok')
  })

  test('unknown names in the configuration: failed or warning', async () => {
    const { examine, place } = await patient()
    await writeFile(join(place.folder, 'dwh.yaml'), 'include: [custmers]\n')
    const unknown = check(await examine(), 'source.tables')
    expect(unknown).toMatchObject({ status: 'failed', fix: expect.stringContaining('customers') })
    await writeFile(join(place.folder, 'dwh.yaml'), 'include: [customers, "old_*"]\n')
    expect(check(await examine(), 'source.tables')).toMatchObject({
      status: 'warning',
      found: expect.stringContaining('old_* matches no table'),
    })
    await writeFile(join(place.folder, 'dwh.yaml'), 'include: [customers]\n')
    expect(check(await examine(), 'source.tables').status).toBe('ok')
  })
})

describe('schedule.tables', () => {
  const entry = (tables: string) => `schedule: { tables: [{ run: "*/5 * * * *", tables: [${tables}] }] }\n`

  test('foreign keys to tables that the same run does not read: a note, also in the plan of that run', async () => {
    const { examine, place, database, role } = await patient()
    await database.query(`CREATE TABLE sales (id int PRIMARY KEY, customer int);
      CREATE UNIQUE INDEX one_customer ON customers (id);
      ALTER TABLE sales ADD FOREIGN KEY (customer) REFERENCES customers (id); GRANT SELECT ON sales TO ${role}`)
    const config = join(place.folder, 'dwh.yaml')
    await writeFile(config, entry('sales'))
    const found = 'sales refers to customers, which is not read in this run: rows may refer to rows of another instant'
    const fix = 'To read all of them at one instant, add to the tables of this run: customers.'
    const report = await examine()
    expect(check(report, 'source.tables').status).toBe('ok')
    expect(check(report, 'source.notes')).toMatchObject({
      status: 'warning',
      found: `schedule.tables: sales: ${found}`,
      fix,
    })
    const { stdout } = await place.dwh(['plan', '--tables', 'sales', '--json'])
    expect(JSON.parse(stdout).notes).toEqual([{ id: 'foreign_keys', tables: ['sales'], found, fix, sql: null }])
    expect((await place.dwh(['plan', '--tables', 'sales'])).stdout).toContain('Notes:\n- sales refers to customers,')
    expect(JSON.parse((await place.dwh(['plan', '--json'])).stdout).notes).toEqual([])
    for (const text of [entry('sales, customers'), `${entry('sales')}exclude: [customers]\n`]) {
      await writeFile(config, text)
      expect(check(await examine(), 'source.notes').status).toBe('ok')
    }
  })

  test('an entry whose run would fail: failed, and what to do', async () => {
    const { examine, place } = await patient()
    const config = join(place.folder, 'dwh.yaml')
    await writeFile(config, entry('custmers'))
    expect(check(await examine(), 'source.tables')).toMatchObject({
      status: 'failed',
      found: 'schedule.tables: custmers: --tables custmers: the source has no such table',
      fix: expect.stringContaining('Did you mean "customers"?'),
    })
    await writeFile(config, 'schedule: { tables: [{ tables: [customers] }] }\n')
    expect(check(await examine(), 'source.tables')).toMatchObject({
      status: 'failed',
      found: expect.stringContaining('entry 1 (customers): no run'),
    })
    // a variable that only the scheduler has
    await writeFile(config, `schedule: { webhook: "$\{HOOK}", tables: [{ run: "@daily", tables: [custmers] }] }\n`)
    expect(check(await examine(), 'source.tables').status).toBe('ok')
  })
})

describe('a configuration that is wrong', () => {
  test.each([
    ['an unknown key', {}, 'storrage: x\n', /Did you mean storage/],
    ['a placeholder without a value', {}, `storage: $${'{NOWHERE}'}\n`, /Set NOWHERE/],
    ['another database as source', { DATABASE_URL: 'mysql://host/app' }, '', /^Give postgres:/],
    [
      'a source without its scheme',
      { DATABASE_URL: 'localhost:5432/app' },
      '',
      /mean postgres:\/\/localhost:5432\/app\?/,
    ],
  ])('%s: exit code 2, and every other check is skipped', async (_, env, yaml, fix) => {
    const { examine, place } = await patient()
    if (yaml) await writeFile(join(place.folder, 'dwh.yaml'), yaml)
    const report = await examine(env)
    expect(report).toMatchObject({ code: 2, failed: 1, skipped: 18 })
    expect(check(report, 'config')).toMatchObject({ status: 'failed', fix: expect.stringMatching(fix) })
  })

  test.each([
    ['no source', '', /no source is set/, /Set DATABASE_URL=postgres/],
    ['source in a variable that is not set', `source: $${'{NOWHERE}'}\n`, /NOWHERE is not set/, /Set NOWHERE/],
  ])('%s: what queries need is checked, and nothing is written', async (_, yaml, found, fix) => {
    const { examine, place, database } = await patient()
    if (yaml) await writeFile(join(place.folder, 'dwh.yaml'), yaml)
    const empty = await examine({ DATABASE_URL: '' })
    expect(empty).toMatchObject({ code: 1, failed: 1 })
    expect(check(empty, 'warehouse')).toMatchObject({ status: 'failed', found: 'none here' })
    expect((await place.dwh(['run', '--source', database.url])).code).toBe(0)
    const report = await examine({ DATABASE_URL: '' })
    expect(report).toMatchObject({ code: 0, failed: 0, warnings: 0 })
    expect(check(report, 'source.connection')).toMatchObject({
      status: 'skipped',
      found: expect.stringMatching(found),
      fix: expect.stringMatching(fix),
    })
    expect(check(report, 'storage.write').status).toBe('skipped')
    expect(check(report, 'query.files')).toMatchObject({
      status: 'ok',
      found: expect.stringMatching(/: as published$/),
    })
    expect(check(report, 'query.duckdb').found).toMatch(/^DuckDB v\S+: at most .* of memory, .* time zone UTC$/)
    const [file] = await readdir(join(place.folder, 'warehouse'), { recursive: true }).then((names) =>
      names.filter((name) => name.endsWith('.parquet') && !name.startsWith('_dwh')),
    )
    await writeFile(join(place.folder, 'warehouse', file ?? ''), 'another file')
    expect(check(await examine({ DATABASE_URL: '' }), 'query.files')).toMatchObject({
      status: 'failed',
      found: expect.stringContaining('expected SHA-256'),
    })
  })

  test('unusable folders: failed, with the variable to set', async () => {
    const { examine, place } = await patient()
    const file = join(place.folder, 'file')
    await writeFile(file, '')
    const report = await examine({
      DWH_TMP: file,
      DWH_CACHE: join(file, 'cache'),
      DWH_STORAGE: join(file, 'warehouse'),
    })
    expect(report.code).toBe(1)
    expect(check(report, 'local.temp')).toMatchObject({ status: 'failed', fix: expect.stringContaining('DWH_TMP') })
    expect(check(report, 'local.cache')).toMatchObject({ status: 'failed', fix: expect.stringContaining('DWH_CACHE') })
    expect([check(report, 'storage.list').status, check(report, 'storage.write').status]).toContain('failed')
    expect(await examine({ DWH_STORAGE: join(place.folder, 'a/b') })).toMatchObject({ code: 0 })
    expect(await readdir(place.folder)).toEqual(['file'])
  })

  test('wrong flags: exit code 2', async () => {
    const { place } = await patient()
    expect(await place.dwh(['doctor', '--timeout', 'soon'])).toMatchObject({ code: 2 })
    expect(await place.dwh(['doctor', '--bucket-policy'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('s3://'),
    })
  })
})

describe('a bucket that cannot be used', () => {
  async function bucket(options: Parameters<typeof startS3Server>[0] = {}) {
    const credential = { accessKeyId: 'someone', secretAccessKey: SECRET }
    const server = await startS3Server({ buckets: ['bucket'], credentials: [credential], ...options })
    onTestFinished(() => server.close())
    const env = {
      DWH_STORAGE: 's3://bucket/some/prefix',
      S3_ENDPOINT: server.url,
      AWS_ACCESS_KEY_ID: credential.accessKeyId,
      AWS_SECRET_ACCESS_KEY: SECRET,
    }
    return { server, env, ...(await patient()) }
  }

  test('no problems: every check is ok, and nothing is left behind', async () => {
    const { env, examine, server } = await bucket()
    expect(await examine(env)).toMatchObject({ code: 0, ok: 19 })
    expect(server.objects('bucket')).toEqual([])
  })

  test.each([
    ['no such bucket', { DWH_STORAGE: 's3://nowhere' }, /Create the bucket/],
    ['a wrong secret key', { AWS_SECRET_ACCESS_KEY: 'another' }, /AWS_SECRET_ACCESS_KEY/],
    ['an unknown access key', { AWS_ACCESS_KEY_ID: 'another' }, /AWS_ACCESS_KEY_ID/],
    ['a wrong port', { S3_ENDPOINT: 'http://127.0.0.1:1' }, /Nothing listens there/],
  ])('%s', async (_, wrong, fix) => {
    const { env, examine } = await bucket()
    const report = await examine({ ...env, ...wrong })
    expect(report.code).toBe(1)
    expect(check(report, 'storage.list')).toMatchObject({ status: 'failed', fix: expect.stringMatching(fix) })
    expect(check(report, 'warehouse').status).toBe('skipped')
  })

  test('https to an http server: failed', async () => {
    const { env, examine } = await bucket()
    const report = await examine({ ...env, S3_ENDPOINT: env.S3_ENDPOINT.replace('http:', 'https:') })
    expect(check(report, 'storage.list')).toMatchObject({ status: 'failed', fix: expect.stringMatching(/http/) })
  })

  test.each([
    ['ListObjectsV2', 'storage.list'],
    ['PutObject', 'storage.write'],
    ['DeleteObject', 'storage.write'],
  ])('%s is denied: the policy is printed, and it names exactly this bucket and prefix', async (operation, id) => {
    const { env, examine, place, server } = await bucket()
    const deny = server.script({
      when: (request) => request.operation === operation,
      do: { respond: { status: 403, code: 'AccessDenied' } },
    })
    const denied = check(await examine(env), id)
    expect(denied.status).toBe('failed')
    const policy = JSON.parse(denied.paste ?? '')
    expect(policy.Statement[1].Resource).toBe('arn:aws:s3:::bucket/some/prefix/*')
    if (operation !== 'PutObject') return
    expect((await place.dwh(['doctor', '--bucket-policy'], { env })).stdout).toBe(denied.paste)
    deny.remove()
    expect(check(await examine(env), id).status).toBe('ok')
  })

  test('conditional writes ignored: warning', async () => {
    const { env, examine, server } = await bucket()
    server.script({ when: () => true, do: 'ignore-conditions' })
    const report = await examine(env)
    expect(report.code).toBe(0)
    expect(check(report, 'storage.conditions')).toMatchObject({
      status: 'warning',
      found: expect.stringContaining('ignored'),
    })
  })

  test('bucket does not answer: failed within the timeout', async () => {
    const { env, examine, server } = await bucket()
    server.script({ when: () => true, do: 'hang' })
    const report = await examine(env, ['--timeout', '1'])
    expect(check(report, 'storage.list')).toMatchObject({ status: 'failed', found: 'no answer within 1 s' })
  })
})

describe('a warehouse with problems', () => {
  test('etl.json damaged, last run failed, another database: each is reported', async () => {
    const { examine, place, database, url } = await patient()
    await place.dwh(['run'])
    expect(check(await examine(), 'warehouse')).toMatchObject({ status: 'ok', found: '1 table' })

    await place.dwh(['run'], { env: { DATABASE_URL: url.replace(/test_\w+$/, 'nowhere') } })
    const failure = check(await examine(), 'warehouse.last_run')
    expect(failure).toMatchObject({ status: 'warning', found: expect.stringContaining('nowhere') })
    await place.dwh(['run'])
    expect(check(await examine(), 'warehouse.last_run').status).toBe('ok')

    const other = await testDatabase('CREATE TABLE customers AS SELECT 1 AS id')
    expect(check(await examine({ DATABASE_URL: other.url }), 'warehouse.source')).toMatchObject({
      status: 'failed',
      found: expect.stringContaining(database.name),
      fix: expect.stringContaining('--accept-new-source'),
    })

    const generations = join(place.folder, 'warehouse/_dwh/generations/etl.json')
    const [last = ''] = (await readdir(generations)).sort().reverse()
    await writeFile(join(generations, last), '=no JSON')
    expect(check(await examine(), 'warehouse')).toMatchObject({
      status: 'failed',
      fix: expect.stringContaining('`dwh repair`'),
    })
  })

  test.each([
    ['of a version that does not tell which tables it read', { last_run_at: OLD }, /days ago, on 2026-01-01/],
    [
      'of all tables, after newer ones of some',
      { last_run_of_all: { run_id: 'x', at: OLD, duration_ms: 1 } },
      /days ago, of all tables, on 2026-01-01/,
    ],
    ['only of some tables', { last_run_of_all: null }, /^only of some tables so far$/],
  ])('last run too old, %s: warning', async (_, changed, found) => {
    const { examine, place } = await patient()
    await mkdir(join(place.folder, 'warehouse'))
    await place.dwh(['run'])
    const generations = join(place.folder, 'warehouse/_dwh/generations/etl.json')
    const [last = ''] = (await readdir(generations)).sort().reverse()
    // version 1 has no checksum
    const text = (await readFile(join(generations, last), 'utf8')).slice(1)
    const { checksum, last_run_of_all, ...state } = JSON.parse(text)
    expect([typeof checksum, last_run_of_all.run_id]).toEqual(['string', state.run_id])
    await writeFile(join(generations, last), `=${JSON.stringify({ ...state, version: 1, ...changed })}`)
    expect(check(await examine(), 'warehouse.last_run')).toMatchObject({
      status: 'warning',
      found: expect.stringMatching(found),
    })
  })
})
