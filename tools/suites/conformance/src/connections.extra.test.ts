import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  certificateMaker,
  createDatabase,
  POSTGRES_VERSIONS,
  primaryAndStandby,
  type SecureServer,
  secureServer,
  serverUrl,
  startTestServer,
  type TestDatabase,
  temporaryFolder,
  testDatabase,
  withClient,
} from '@dwh/test-kit'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { fillExample } from './example.ts'
import { type Run, runWarehouse } from './run-warehouse.ts'

/*
 * Runs the same database over all common kinds of connections: the same files, or one error with a hint and nothing
 * published.
 */

let database: TestDatabase
let reference: Run

beforeAll(async () => {
  database = await createDatabase(await serverUrl())
  await fillExample(database.url)
  reference = await runWarehouse({ DATABASE_URL: database.url })
  expect(reference.code, reference.stderr).toBe(0)
  expect(Object.keys(reference.files ?? {}).sort()).toEqual([
    'Every Value',
    'billing.parts',
    'customers',
    'empty',
    'events',
    'orders',
  ])
})
afterAll(() => database.drop())

function expectSame(run: Run): void {
  expect(run.code, run.stderr).toBe(0)
  expect(run.files, run.stderr).toEqual(reference.files)
}

/** Expects one error with a hint, and nothing published. */
function expectRefused(run: Run, message: RegExp, hint: RegExp): void {
  expect(run.files).toBeNull()
  const errors = run.stderr.split(/^(?=error:)/m).filter((part) => part.startsWith('error:'))
  expect(errors, run.stderr).toHaveLength(1)
  const [error = ''] = errors
  expect(error).toMatch(message)
  expect(error.slice(error.indexOf('\n'))).toMatch(hint)
}

/** Makes a role on the shared server and drops it with the test. */
async function role(rights: (name: string) => string): Promise<string> {
  const name = `${database.name}_${Math.random().toString(36).slice(2)}`
  await database.query(`CREATE ROLE ${name} LOGIN PASSWORD 'pw'; ${rights(name)}`)
  onTestFinished(async () => void (await database.query(`DROP OWNED BY ${name}; DROP ROLE ${name}`)))
  const url = new URL(database.url)
  url.username = name
  url.password = 'pw'
  return url.href
}

const READ_ALL = (name: string) =>
  `GRANT USAGE ON SCHEMA billing TO ${name}; GRANT SELECT ON ALL TABLES IN SCHEMA public, billing TO ${name};`

test.each(POSTGRES_VERSIONS)('Postgres %i', async (version) => {
  const server = await startTestServer({ folder: await openFolder(), version })
  onTestFinished(() => server.stop())
  await fillExample(server.url())
  expectSame(await runWarehouse({ DATABASE_URL: server.url() }))
})

describe('over TLS', () => {
  let server: SecureServer
  let made: Awaited<ReturnType<typeof certificateMaker>>
  beforeAll(async () => {
    made = await certificateMaker()
    await made.authority('ca')
    await made.authority('other')
    await made.certificate('server', 'ca', 'localhost', 'DNS:localhost')
    await made.certificate('postgres', 'ca', 'postgres')
    server = await secureServer(made)
    await fillExample(server.server.url())
    await server.rules(['hostssl all postgres 127.0.0.1/32 cert', 'hostssl all all ::1/128 cert'])
  })
  afterAll(async () => {
    await server?.stop()
    await made?.remove()
  })
  const url = (settings: Record<string, string>) =>
    `postgres://postgres@localhost:${server.server.port}/postgres?${new URLSearchParams({ hostaddr: '127.0.0.1', ...settings })}`

  test('verify-full with a private authority, and a client certificate instead of a password', async () => {
    const ours = { sslcert: made.path('postgres.crt'), sslkey: made.path('postgres.key') }
    const trusting = { sslmode: 'verify-full', sslrootcert: made.path('ca.crt') }
    expectSame(await runWarehouse({ DATABASE_URL: url({ ...trusting, ...ours }) }))
    const foreign = { sslmode: 'verify-full', sslrootcert: made.path('other.crt') }
    expectRefused(
      await runWarehouse({ DATABASE_URL: url({ ...foreign, ...ours }) }),
      /certificate of the server does not hold/,
      /sslrootcert=/,
    )
    expectRefused(await runWarehouse({ DATABASE_URL: url(trusting) }), /certificate/, /sslcert=/)
    expectRefused(
      await runWarehouse({ DATABASE_URL: url({ sslmode: 'disable' }) }),
      /pg_hba|no encryption/,
      /sslmode=require/,
    )
  })

  test('a unix socket', async () => {
    const { password, port } = server.server
    const env = {
      PGHOST: server.socket,
      PGPORT: String(port),
      PGUSER: 'postgres',
      PGPASSWORD: password,
      PGDATABASE: 'postgres',
    }
    expectSame(await runWarehouse(env))
  })
})

test('a standby', async () => {
  const { primary, standby } = await primaryAndStandby('SELECT 1')
  await fillExample(primary.url())
  // the last change that a commit makes visible: the position in the log does not tell which commits are written
  const caughtUp = async () => {
    const { rows } = await withClient(standby.url(), (client) =>
      client.query(`SELECT to_regclass('public.empty') IS NOT NULL AS yes`),
    )
    return rows[0].yes
  }
  await expect.poll(caughtUp).toBe(true)
  expectSame(await runWarehouse({ DATABASE_URL: standby.url() }))
})

describe('roles', () => {
  test('reads all tables, no other rights', async () => {
    expectSame(await runWarehouse({ DATABASE_URL: await role(READ_ALL) }))
  })

  test('reads some tables: copied if only they are included, else one error', async () => {
    const env = { DATABASE_URL: await role((name) => `GRANT SELECT ON customers, orders TO ${name};`) }
    expectRefused(
      await runWarehouse(env),
      /billing\.parts: no USAGE.*Every Value.*: no SELECT/,
      /GRANT SELECT ON "public"\."Every Value" TO/,
    )
    const some = await runWarehouse({ ...env, DWH_CONFIG: await includeFile() })
    expect(some.code, some.stderr).toBe(0)
    const { customers, orders } = reference.files ?? {}
    expect(some.files).toEqual({ customers, orders })
  })

  test('connection limit of 1', async () => {
    const run = await runWarehouse({
      DATABASE_URL: await role((name) => `${READ_ALL(name)} ALTER ROLE ${name} CONNECTION LIMIT 1;`),
    })
    expectSame(run)
    expect(run.stderr).toMatch(/one after another/)
  })

  test('many settings of the role and of the database', async () => {
    const settings = {
      DateStyle: "'SQL, DMY'",
      IntervalStyle: 'sql_standard',
      bytea_output: 'escape',
      extra_float_digits: '0',
      TimeZone: "'Asia/Kolkata'",
      standard_conforming_strings: 'off',
      quote_all_identifiers: 'on',
      xmlbinary: 'hex',
      search_path: 'billing',
      default_transaction_read_only: 'on',
      default_transaction_isolation: "'read committed'",
      statement_timeout: "'50ms'",
      lock_timeout: "'1ms'",
      idle_in_transaction_session_timeout: "'50ms'",
      client_encoding: "'LATIN1'",
      synchronize_seqscans: 'on',
      row_security: 'on',
    }
    const set = (what: string) =>
      Object.entries(settings).map(([name, value]) => `ALTER ${what} SET ${name} = ${value};`)
    const url = await role((name) => `${READ_ALL(name)} ${set(`ROLE ${name}`).join(' ')}`)
    expectSame(await runWarehouse({ DATABASE_URL: url }))
    await withClient(await serverUrl(), (client) => client.query(set(`DATABASE ${database.name}`).join(' ')))
    onTestFinished(async () => {
      await withClient(await serverUrl(), (client) => client.query(`ALTER DATABASE ${database.name} RESET ALL`))
    })
    expectSame(await runWarehouse({ DATABASE_URL: database.url }))
  })
})

test('a database in another encoding', async () => {
  const name = `${database.name}_latin1`
  const url = await serverUrl()
  await withClient(url, (client) =>
    client.query(`CREATE DATABASE ${name} ENCODING LATIN1 LOCALE 'C' TEMPLATE template0`),
  )
  onTestFinished(
    async () => void (await withClient(url, (client) => client.query(`DROP DATABASE ${name} WITH (FORCE)`))),
  )
  const other = new URL(url)
  other.pathname = `/${name}`
  const table = 'CREATE TABLE t AS SELECT \'Zürich ÿ\' AS city, \'{"ü": "é"}\'::jsonb AS j'
  await withClient(other.href, (client) => client.query(table))
  const [latin, utf8] = await Promise.all(
    [other.href, (await testDatabase(table)).url].map((DATABASE_URL) => runWarehouse({ DATABASE_URL })),
  )
  expect(latin?.code, latin?.stderr).toBe(0)
  expect(latin?.files).toEqual(utf8?.files)
})

describe('a server with few connections left', () => {
  test('five, two or one: the same files; none: an error', async () => {
    const server = await startTestServer({
      folder: await openFolder(),
      settings: { max_connections: '12', superuser_reserved_connections: '1', max_wal_senders: '0' },
    })
    onTestFinished(() => server.stop())
    await fillExample(server.url())
    await withClient(server.url(), (client) =>
      client.query(
        `CREATE ROLE reader LOGIN PASSWORD 'pw'; ${READ_ALL('reader')} CREATE ROLE crowd LOGIN PASSWORD 'pw'`,
      ),
    )
    const as = (name: string) => `postgres://${name}:pw@${server.host}:${server.port}/postgres`
    const crowd: pg.Client[] = []
    onTestFinished(async () => void (await Promise.allSettled(crowd.map((client) => client.end()))))
    const fill = async (connections: number) => {
      while (crowd.length < connections) {
        const client = new pg.Client(as('crowd'))
        client.on('error', () => {})
        await client.connect()
        crowd.push(client)
      }
    }
    const env = { DATABASE_URL: as('reader'), DWH_PARALLEL: '4' }
    const free = 11
    for (const [left, note] of [
      [5, null],
      [2, /not 4 at once|one after another/],
      [1, /one after another/],
    ] as const) {
      await fill(free - left)
      const run = await runWarehouse(env)
      expectSame(run)
      if (note) expect(run.stderr).toMatch(note)
      else expect(run.stderr).not.toMatch(/^!/m)
    }
    await fill(free)
    expectRefused(await runWarehouse(env), /connection|clients/, /max_connections/)
  })
})

async function includeFile(): Promise<string> {
  const path = join(await temporaryFolder(), 'dwh.yaml')
  await writeFile(path, 'include: [customers, orders]\n')
  return path
}

/** Makes a folder that a server running as another user may enter. */
async function openFolder(): Promise<string> {
  const folder = await temporaryFolder()
  await chmod(folder, 0o755)
  return folder
}
