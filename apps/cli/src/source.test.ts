import { randomBytes } from 'node:crypto'
import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { testDatabase } from '@dwh/test-kit'
import { describe, expect, onTestFinished, test } from 'vitest'
import { workplace } from './test-support.ts'

test('service and password file: read as by psql; ignored settings are noted on stderr', async () => {
  const database = await testDatabase('CREATE TABLE a AS SELECT 1 AS i')
  const { hostname, port, username, password } = new URL(database.url)
  const { folder, dwh } = await workplace({ PGSERVICE: 'app' })
  const home = join(folder, '..', 'home')
  const service = `[app]\nhost=${hostname}\nport=${port}\nuser=${username}\ndbname=${database.name}\n`
  await writeFile(join(home, '.pg_service.conf'), service)
  await writeFile(join(home, '.pgpass'), `*:*:*:*:${password}\n`, { mode: 0o600 })
  const env = { DATABASE_URL: 'sslrootcert=/no/such.crt sslmode=prefer' }
  const plan = await dwh(['plan', '--json'], { env })
  expect(plan.stderr).toMatch(/^! sslrootcert: \/no\/such\.crt does not exist.*\n$/)
  expect(JSON.parse(plan.stdout).tables).toHaveLength(1)
  expect((await dwh(['run'])).code).toBe(0)
  await chmod(join(home, '.pgpass'), 0o644)
  const refused = await dwh(['run'])
  expect(refused.code).toBe(1)
  expect(refused.stderr).toMatch(/asks for a password, but none is configured\n {2}Set it in .*PGPASSWORD/)
})

test('one connection: enough for a run, with a note that it was slower', async () => {
  const database = await testDatabase('CREATE TABLE a AS SELECT 1 AS i; CREATE TABLE b AS SELECT 2 AS i')
  const role = `r_${randomBytes(6).toString('hex')}`
  await database.query(`CREATE ROLE ${role} LOGIN PASSWORD 'pw' CONNECTION LIMIT 1;
    GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role}`)
  onTestFinished(async () => void (await database.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)))
  const { hostname, port } = new URL(database.url)
  const { dwh } = await workplace()
  const run = await dwh(['run', '--source', `postgres://${role}:pw@${hostname}:${port}/${database.name}`])
  expect(run.code, run.stderr).toBe(0)
  expect(run.stderr.match(/^! .*$/gm)).toEqual([expect.stringMatching(/one after another.*not 2 at once/)])
})

describe('a polite reader', () => {
  async function slow(settings: string) {
    const database = await testDatabase('CREATE TABLE a AS SELECT i FROM generate_series(1, 100) i')
    const made = await workplace({ DATABASE_URL: database.url })
    await writeFile(
      join(made.folder, 'dwh.yaml'),
      `${settings}\nverify: counts\ntables: { a: { where: pg_sleep(0.02) IS NOT NULL } }`,
    )
    const reading = `SELECT FROM pg_stat_activity WHERE application_name = 'dwh' AND query LIKE '%pg_sleep%' AND datname = current_database()`
    const isReading = () => expect.poll(async () => (await database.query(reading)).rows.length).toBe(1)
    return { ...made, database, isReading }
  }

  test.each([
    ['on_blocked_ddl: yield', {}, /^! a: stopped reading so that ALTER TABLE \(pid \d+\) could run; retrying$/m],
    [
      'on_blocked_ddl: yield',
      { DWH_ON_BLOCKED_DDL: 'wait' },
      /^! a: ALTER TABLE \(pid \d+\) and the queries behind it wait/m,
    ],
  ])('statement waiting for a table: %s, environment %o', async (settings, env, said) => {
    const { dwh, database, isReading } = await slow(settings)
    const run = dwh(['run'], { env })
    await isReading()
    await database.query('ALTER TABLE a ADD COLUMN later int')
    expect(await run).toMatchObject({ code: 0, stderr: expect.stringMatching(said) })
  })

  test('snapshot open for too long: exit code 1, with the limit', async () => {
    const { dwh } = await slow('max_snapshot_age: 1s')
    expect(await dwh(['run'])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^error: a: the snapshot was open for 1 s, the limit of max_snapshot_age\n {2}An/m),
    })
  })
})

test('password in a connection string: never shown', async () => {
  const { dwh } = await workplace({ DATABASE_URL: "host=127.0.0.1 port=1 user=u password='s3cr3t p4ss'" })
  const run = await dwh(['run', '--debug'])
  expect(run.stderr).toContain('ECONNREFUSED')
  expect(run.stdout + run.stderr).not.toContain('s3cr3t')
})
