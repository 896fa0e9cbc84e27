import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startS3Server } from '@dwh/s3-server'
import { seedDatabase } from '@dwh/seed'
import { testDatabase } from '@dwh/test-kit'
import { describe, expect, onTestFinished, test } from 'vitest'
import { workplace } from '../test-support.ts'

const NASTY = `
  CREATE TABLE users (id int PRIMARY KEY, "passwordHash" text, api_token text, compass text, monkey text);
  CREATE TABLE closed (id int);
  CREATE UNLOGGED TABLE scratch (id int);
  CREATE TABLE jobs (id int);
  CREATE VIEW active AS SELECT * FROM users;
  CREATE SCHEMA "od*d.na""me";
  CREATE TABLE "od*d.na""me"."a: [b] #c" (id int);
  CREATE TABLE "\${HOME}" (id int);
  CREATE TABLE "true" (id int);
  CREATE VIEW "line
break" AS SELECT 1 AS a`

async function setUp(sql: string) {
  const database = await testDatabase(sql)
  const place = await workplace({ DATABASE_URL: database.url })
  const yaml = () => readFile(join(place.folder, 'dwh.yaml'), 'utf8')
  return { database, place, yaml }
}

describe('dwh init', () => {
  test('written file: works for plan, run and query', async () => {
    const { place, database, yaml } = await setUp('')
    await seedDatabase((sql) => database.query(sql))
    const init = await place.dwh(['init'])
    expect(init).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Wrote .*dwh.yaml. Next: dwh plan, then dwh run.\n$/),
    })
    expect(init.stderr).toContain('3 tables to read, 0 left out')
    expect(await yaml()).toContain(`source: $\{DATABASE_URL}\n`)
    expect(await place.dwh(['plan'])).toMatchObject({ code: 0 })
    expect(await place.dwh(['run'])).toMatchObject({ code: 0 })
    expect((await place.dwh(['query', '--format', 'csv', 'SELECT count(*) AS n FROM customers'])).stdout).toBe(
      'n\n50\n',
    )
  })

  test('hostile names, unreadable tables, queues, unlogged tables, views, credentials: listed correctly', async () => {
    const { place, database, yaml } = await setUp(NASTY)
    await database.query(
      'INSERT INTO jobs SELECT generate_series(1, 30000); DELETE FROM jobs; SELECT pg_stat_force_next_flush()',
    )
    const role = `${database.name}_reader`
    await database.query(`CREATE ROLE ${role} LOGIN PASSWORD 'canary word'; GRANT USAGE ON SCHEMA "od*d.na""me" TO ${role};
      GRANT SELECT ON ALL TABLES IN SCHEMA public, "od*d.na""me" TO ${role}; REVOKE SELECT ON closed FROM ${role}`)
    onTestFinished(async () => void (await database.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)))
    const url = new URL(database.url)
    url.username = role
    url.password = 'canary word'
    const env = { DATABASE_URL: url.href }

    const { code, stdout, stderr } = await place.dwh(['init', '--json'], { env })
    expect({ code, stderr }).toMatchObject({ code: 0 })
    const answer = JSON.parse(stdout)
    expect(answer.excluded.map(({ table }: { table: string }) => table).sort()).toEqual(['closed', 'jobs', 'scratch'])
    expect(answer.nameable).toEqual(['active', 'line\nbreak'])
    expect(answer.credentials).toEqual([{ table: 'users', columns: ['passwordHash', 'api_token'] }])
    const text = await yaml()
    expect(text).toBe(answer.text)
    expect(text).toContain(`GRANT SELECT ON "public"."closed" TO "${role}"`)
    for (const said of [text, stdout, stderr]) expect(said).not.toMatch(/canary/)

    const plan = JSON.parse((await place.dwh(['plan', '--json'], { env })).stdout)
    expect(plan.tables.map(({ source }: { source: { table: string } }) => source.table).sort()).toEqual(
      ['users', 'a: [b] #c', `$\{HOME}`, 'true'].sort(),
    )
    // each suggestion works when its # is removed
    const [before = '', after = ''] = text.split('# tables:')
    const uncommented = `${before.replaceAll('  # - ', '  - ')}tables:${after.replaceAll(/^# /gm, '')}`
    await writeFile(join(place.folder, 'dwh.yaml'), uncommented)
    const more = await place.dwh(['plan', '--json'], { env })
    expect(more.stderr).toBe('')
    const suggested = JSON.parse(more.stdout).tables
    expect(suggested.map(({ name }: { name: string }) => name)).toEqual(
      expect.arrayContaining(['active', 'line\nbreak']),
    )
    const users = suggested.find(({ name }: { name: string }) => name === 'users')
    expect(users.columns.map(({ name }: { name: string }) => name)).toEqual(['id', 'compass', 'monkey'])
  })

  test('inherited tables: proposed to be left out, except one with columns of its own', async () => {
    const { place, yaml } = await setUp(`CREATE TABLE parent (i int); CREATE TABLE kid () INHERITS (parent);
      CREATE TABLE richer (extra int) INHERITS (parent)`)
    const { code, stderr } = await place.dwh(['init'])
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining('2 tables to read, 1 left out') })
    expect(await yaml()).toContain('exclude:\n  # inherit from parent, which is read with their rows\n  - kid\n')
    const plan = JSON.parse((await place.dwh(['plan', '--json'])).stdout)
    expect(plan.tables.map(({ name }: { name: string }) => name)).toEqual(['parent', 'richer'])
  })

  test('existing file: stays unless --force; the same database gives the same file', async () => {
    const { place, yaml } = await setUp('CREATE TABLE t (id int)')
    await writeFile(join(place.folder, 'dwh.yaml'), 'broken: [')
    const refused = await place.dwh(['init'])
    expect(refused).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(/file exists[\s\S]*--force/),
    })
    expect(await yaml()).toBe('broken: [')
    const printed = await place.dwh(['init', '--print'])
    expect(printed.code).toBe(0)
    expect(await yaml()).toBe('broken: [')
    expect((await place.dwh(['init', '--force'])).code).toBe(0)
    expect(await yaml()).toBe(printed.stdout)
  })

  test('password on the command line, keys of a bucket: not written', async () => {
    const { place, database } = await setUp('CREATE TABLE t (id int)')
    const server = await startS3Server({ buckets: ['bucket'] })
    onTestFinished(() => server.close())
    const env = {
      DATABASE_URL: '',
      DWH_STORAGE: 's3://bucket/some/prefix',
      S3_ENDPOINT: server.url,
      AWS_ACCESS_KEY_ID: server.credential.accessKeyId,
      AWS_SECRET_ACCESS_KEY: server.credential.secretAccessKey,
    }
    const { stdout, code, stderr } = await place.dwh(['init', '--print', '--source', database.url], { env })
    expect(code).toBe(0)
    expect(stderr).not.toContain('not usable yet')
    const { username, password, host, pathname } = new URL(database.url)
    expect(stdout).toContain(`source: "postgres://${username}@${host}${pathname}"`)
    expect(stdout).toContain('storage: s3://bucket/some/prefix\ns3:\n')
    expect(stdout).toContain(`  endpoint: ${server.url}\n`)
    for (const secret of [password, server.credential.secretAccessKey]) expect(stdout).not.toContain(secret)
    const away = await place.dwh(['init', '--source', database.url], {
      env: { ...env, S3_ENDPOINT: 'http://127.0.0.1:1' },
    })
    expect(away).toMatchObject({ code: 0, stderr: expect.stringMatching(/storage: not usable yet.*ECONNREFUSED/) })
  })

  test('no source, or unreachable source: error, and no file', async () => {
    const { place, yaml } = await setUp('')
    expect(await place.dwh(['init'], { env: { DATABASE_URL: '' } })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('DATABASE_URL='),
    })
    expect(await place.dwh(['init'], { env: { DATABASE_URL: 'postgres://127.0.0.1:1/x' } })).toMatchObject({ code: 1 })
    await expect(yaml()).rejects.toThrow('ENOENT')
  })
})
