import { randomBytes } from 'node:crypto'
import { chmod } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { RowBatch, SourceSnapshot, TableSchema } from '@dwh/core'
import {
  POSTGRES_VERSIONS,
  startTestServer,
  type TestDatabase,
  temporaryFolder,
  testDatabase,
  withClient,
} from '@dwh/test-kit'
import { describe, expect, onTestFinished, test } from 'vitest'
import { postgresSource, systemEnvironment } from './index.ts'

async function open(database: TestDatabase, options = {}): Promise<SourceSnapshot> {
  const snapshot = await postgresSource({ connection: database.url, ...options }).open()
  onTestFinished(() => snapshot.close())
  return snapshot
}

async function find(snapshot: SourceSnapshot, name: string): Promise<TableSchema> {
  return (await snapshot.tables()).find((table) => table.name === name) as TableSchema
}

async function readAll(snapshot: SourceSnapshot, name: string): Promise<RowBatch> {
  const rows: RowBatch[number][] = []
  for await (const batch of snapshot.read(await find(snapshot, name)).rows) rows.push(...batch)
  return rows
}

/** Counts the sessions of dwh that are open on the server. */
async function sessions(database: TestDatabase): Promise<number> {
  const { rows } = await database.query(
    `SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = 'dwh' AND datname = current_database()`,
  )
  return rows[0].n
}

test('snapshot: all tables from one instant, however late they are read', async () => {
  const database = await testDatabase('CREATE TABLE a AS SELECT 100 AS n; CREATE TABLE b AS SELECT 100 AS n')
  const snapshot = await open(database)
  expect(await readAll(snapshot, 'a')).toEqual([['100']])
  await database.query('BEGIN; UPDATE a SET n = 70; UPDATE b SET n = 130; INSERT INTO b VALUES (1); COMMIT')
  expect(await readAll(snapshot, 'b')).toEqual([['100']])
  expect(await readAll(snapshot, 'a')).toEqual([['100']])
  expect(snapshot.info).toMatchObject({
    source: { kind: 'postgres', system_identifier: expect.stringMatching(/^\d{10,}$/), database: database.name },
    id: expect.stringMatching(/^[0-9A-F-]+$/),
    position: expect.stringMatching(/^[0-9A-F]+\/[0-9A-F]+$/),
    takenAt: expect.stringMatching(/^20\d\d-\d\d-\d\dT.*Z$/),
  })
})

test('lock: released with its table, and the session is named in pg_stat_activity', async () => {
  const database = await testDatabase('CREATE TABLE a AS SELECT i FROM generate_series(1, 10) i')
  const snapshot = await open(database)
  await readAll(snapshot, 'a')
  expect(await sessions(database)).toBe(2)
  await database.query(`SET lock_timeout = '1s'; ALTER TABLE a ADD COLUMN b int`)
})

test('selected columns and a condition: columns in the requested order', async () => {
  const database = await testDatabase(
    `CREATE TABLE a AS SELECT i AS id, i * 2 AS twice, 'x' AS secret FROM generate_series(1, 3) i`,
  )
  const snapshot = await open(database)
  const table = await find(snapshot, 'a')
  const [id, twice] = table.columns
  const batches: RowBatch[] = []
  const wanted = { ...table, columns: [twice, id] as TableSchema['columns'] }
  for await (const batch of snapshot.read(wanted, { where: 'id <> 2' }).rows) batches.push(batch)
  expect(batches).toEqual([
    [
      ['2', '1'],
      ['6', '3'],
    ],
  ])
})

test('more tables than connections: all are read', async () => {
  const database = await testDatabase(
    Array.from({ length: 8 }, (_, i) => `CREATE TABLE t${i} AS SELECT g FROM generate_series(1, 1000) g`).join(';'),
  )
  const snapshot = await open(database)
  const counts = await Promise.all(Array.from({ length: 8 }, async (_, i) => (await readAll(snapshot, `t${i}`)).length))
  expect(counts).toEqual(Array(8).fill(1000))
})

describe('interruptions', () => {
  const big = 'CREATE TABLE big AS SELECT i, repeat(md5(i::text), 10) AS t FROM generate_series(1, 200000) i'

  test('backend terminated midway: an error, not a short table', async () => {
    const database = await testDatabase(big)
    const snapshot = await open(database)
    let rows = 0
    const reading = (async () => {
      for await (const batch of snapshot.read(await find(snapshot, 'big')).rows) {
        if (rows === 0) {
          await database.query(
            `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'dwh' AND datname = current_database() AND query LIKE '%"big"%'`,
          )
        }
        rows += batch.length
      }
    })()
    await expect(reading).rejects.toMatchObject({
      code: 'SOURCE_FAILED',
      message: expect.stringMatching(/^big, after \d+ rows: /),
    })
    expect(rows).toBeLessThan(200000)
  })

  test('session of the snapshot terminated: the next table fails with the reason', async () => {
    const database = await testDatabase('CREATE TABLE a AS SELECT 1 AS i')
    const snapshot = await open(database)
    await find(snapshot, 'a')
    await database.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'dwh' AND datname = current_database()`,
    )
    await expect.poll(() => sessions(database)).toBe(0)
    await expect(readAll(snapshot, 'a')).rejects.toMatchObject({
      code: 'SOURCE_FAILED',
      hint: expect.stringContaining('snapshot'),
    })
  })

  test('abort while the server works: ends at once, also on the server', async () => {
    const database = await testDatabase('CREATE VIEW slow AS SELECT pg_sleep(600)::text AS s')
    const snapshot = await open(database)
    const controller = new AbortController()
    const { rows } = snapshot.read(await find(snapshot, 'slow'), { signal: controller.signal })
    const reading = rows[Symbol.asyncIterator]().next()
    setTimeout(() => controller.abort(), 100)
    await expect(reading).rejects.toMatchObject({ code: 'ABORTED' })
    // only the session that holds the snapshot is left
    await expect.poll(() => sessions(database)).toBe(1)
  })

  test('early exit, then close twice: every session ends', async () => {
    const database = await testDatabase(big)
    const snapshot = await open(database)
    for await (const batch of snapshot.read(await find(snapshot, 'big')).rows) {
      expect(batch.length).toBeGreaterThan(0)
      break
    }
    expect((await readAll(snapshot, 'big')).length).toBe(200000)
    await snapshot.close()
    await snapshot.close()
    await expect.poll(() => sessions(database)).toBe(0)
  })

  test('lock of another session: waits no longer than the timeout', async () => {
    const database = await testDatabase('CREATE TABLE a (i int)')
    const snapshot = await open(database, { lockTimeoutMs: 100 })
    await withClient(database.url, async (client) => {
      await client.query('BEGIN; LOCK TABLE a IN ACCESS EXCLUSIVE MODE')
      await expect(readAll(snapshot, 'a')).rejects.toMatchObject({
        code: 'SOURCE_FAILED',
        message: expect.stringMatching(/^a: locked by pid \d+ \(LOCK, /),
      })
    })
    expect(await readAll(snapshot, 'a')).toEqual([])
  })
})

describe('failed connections', () => {
  const secret = `s3cr3t-${randomBytes(4).toString('hex')}`

  async function refusal(connection: string): Promise<Record<string, unknown>> {
    const error = await postgresSource({ connection, environment: systemEnvironment({ PGCONNECT_TIMEOUT: '1' }) })
      .open()
      .catch((e) => e)
    const everything = JSON.stringify([
      error,
      error.message,
      error.hint,
      error.stack,
      String(error.cause),
      error.cause?.stack,
    ])
    expect(everything).not.toContain(secret)
    return error
  }

  test('wrong password, unknown user, unknown database: refused', async () => {
    const database = await testDatabase()
    const url = new URL(database.url)
    url.password = secret
    expect(await refusal(url.href)).toMatchObject({
      code: 'SOURCE_DENIED',
      message: expect.stringContaining('password authentication failed'),
    })
    url.username = 'nobody_of_that_name'
    expect(await refusal(url.href)).toMatchObject({ code: 'SOURCE_DENIED' })
    const missing = new URL(database.url)
    missing.pathname = '/no_such_database'
    expect(await refusal(missing.href)).toMatchObject({
      code: 'SOURCE_DENIED',
      hint: expect.stringContaining('name of the database'),
    })
    missing.password = ''
    expect(await refusal(missing.href)).toMatchObject({
      code: 'SOURCE_DENIED',
      hint: expect.stringContaining('PGPASSWORD'),
    })
  })

  test('closed port, unknown host, silent server: unreachable', async () => {
    expect(await refusal(`postgres://u:${secret}@127.0.0.1:1/x`)).toMatchObject({
      code: 'SOURCE_UNREACHABLE',
      message: expect.stringMatching(/^127\.0\.0\.1:1: connect ECONNREFUSED/),
    })
    expect(await refusal(`postgres://u:${secret}@no-such-host.invalid/x`)).toMatchObject({ code: 'SOURCE_UNREACHABLE' })
    const silent = createServer()
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void silent.close())
    const { port } = silent.address() as { port: number }
    expect(await refusal(`postgres://u:${secret}@127.0.0.1:${port}/x`)).toMatchObject({ code: 'SOURCE_UNREACHABLE' })
  })

  test.each([
    ['not a url', 'host=...'],
    [`mysql://u:${secret}@host/x`, 'host=...'],
    [`postgres://u:${secret}/1@host/x`, 'percent-encode'],
    [`postgres://u:p?q${secret}@host:port/x`, 'percent-encode'],
    [`postgres://u:${secret}@host:port/x`, 'percent-encode'],
    [`host=h password='${secret}`, 'single quotes'],
  ])('invalid connection: refused without repeating it: %s', async (connection, hint) => {
    expect(await refusal(connection)).toMatchObject({ code: 'CONFIG_INVALID', hint: expect.stringContaining(hint) })
  })
})

test.each(POSTGRES_VERSIONS)('Postgres %i: list, read and copy', async (version) => {
  const folder = await temporaryFolder()
  await chmod(folder, 0o755)
  const server = await startTestServer({ folder, version })
  onTestFinished(() => server.stop())
  const tables = `CREATE TABLE a AS SELECT i, 'x' || i AS t, i::numeric(10,2) AS n FROM generate_series(1, 1000) i;
    CREATE TABLE m (n int) PARTITION BY LIST (n); CREATE TABLE m1 PARTITION OF m FOR VALUES IN (1); INSERT INTO m VALUES (1)`
  await withClient(server.url(), (client) => client.query(tables))
  const snapshot = await postgresSource({ connection: server.url() }).open()
  try {
    expect((await readAll(snapshot, 'a')).slice(0, 2)).toEqual([
      ['1', 'x1', '1.00'],
      ['2', 'x2', '2.00'],
    ])
    expect(await readAll(snapshot, 'm')).toEqual([['1']])
  } finally {
    await snapshot.close()
  }
})

test.each([10, 1])('early exit with %i connections: the next table can be read', async (connections) => {
  const database =
    await testDatabase(`CREATE TABLE big AS SELECT n, repeat('x', 1000) AS t FROM generate_series(1, 100000) n;
    CREATE TABLE small AS SELECT 1 AS n`)
  const role = `${database.name}_reader`
  await database.query(
    `CREATE ROLE ${role} LOGIN PASSWORD 'pw' CONNECTION LIMIT ${connections}; GRANT SELECT ON big, small TO ${role}`,
  )
  onTestFinished(async () => void (await database.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)))
  const url = new URL(database.url)
  url.username = role
  url.password = 'pw'
  const snapshot = await postgresSource({ connection: url.href, parallel: 1 }).open()
  onTestFinished(() => snapshot.close())
  const [big, small] = (await snapshot.tables()) as [TableSchema, TableSchema]
  for (let round = 0; round < 3; round += 1) {
    for await (const _ of snapshot.readBulkText?.(big)?.bulkText ?? []) break
    const copy = snapshot.readBulkText?.(small)
    const pieces: Uint8Array[] = []
    for await (const piece of copy?.bulkText ?? []) pieces.push(piece)
    expect([Buffer.concat(pieces).toString(), copy?.sent()]).toEqual(['\t1\n', 1])
  }
})
