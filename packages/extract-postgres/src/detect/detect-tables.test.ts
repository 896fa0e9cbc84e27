import type { Detection, DetectionRequest, SourceSnapshot } from '@dwh/core'
import { createDatabase, type TestDatabase, withClient } from '@dwh/test-kit'
import pg from 'pg'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { postgresSource } from '../index.ts'
import { type Day, findTable, hashRows, type Reading, said, takeDay, takeDays } from './days.test-support.ts'
import { startQuietServer } from './quiet-server.test-support.ts'

const TEN = 'CREATE TABLE t AS SELECT i, i * 10 AS n FROM generate_series(1, 10) i'

// a transaction of another test would make rows fresh
let serverUrl: string
beforeAll(async () => {
  const server = await startQuietServer()
  serverUrl = server.url
  return server.stop
})

/** Makes a new database, and drops it when the test has finished. */
async function testDatabase(sql: string, options: Parameters<typeof createDatabase>[1] = {}): Promise<TestDatabase> {
  const database = await createDatabase(serverUrl, options)
  onTestFinished(() => database.drop())
  await database.query(sql)
  return database
}

async function connected(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  onTestFinished(() => client.end())
  return client
}

async function open(connection: string, options = {}): Promise<SourceSnapshot> {
  const snapshot = await postgresSource({ connection, ...options }).open()
  onTestFinished(() => snapshot.close())
  return snapshot
}

async function detect(snapshot: SourceSnapshot, name: string, earlier: Day | null): Promise<Detection> {
  const answers = await snapshot.detect?.([{ table: await findTable(snapshot, name), earlier }])
  return answers?.[0] as Detection
}

test('detect: a transaction opened before the first snapshot and committed after it, its rows are in the next', async () => {
  const database = await testDatabase(TEN)
  const late = await connected(database.url)
  await late.query('BEGIN; INSERT INTO t VALUES (11, 110)')
  // later transactions commit first, so the late one is older than the end of the first snapshot
  await database.query('INSERT INTO t VALUES (12, 120)')
  const monday = await takeDay(database.url, 't', null)
  await late.query('COMMIT')
  const tuesday = await takeDay(database.url, 't', monday)
  expect([monday.rows, tuesday.rows]).toEqual([11, 12])
  expect(tuesday.answer).toMatchObject({
    changed: true,
    reason: { id: 'rows-changed', text: '2 rows written since, or by a transaction that was still running then' },
  })
  expect(said(await takeDay(database.url, 't', tuesday))).toBe('unchanged')
})

test('detect: a transaction that stays open, its table alone is read again when it commits', async () => {
  const database = await testDatabase(`${TEN}; CREATE TABLE other AS SELECT 1 AS i`)
  const late = await connected(database.url)
  await late.query('BEGIN; SAVEPOINT a; UPDATE t SET n = 0 WHERE i = 1; RELEASE a')
  const days: Map<string, Day>[] = []
  const next = async () => {
    const earlier = (name: string) => [name, { earlier: days.at(-1)?.get(name) ?? null }] as const
    const day = await takeDays(database.url, new Map([earlier('t'), earlier('other')]))
    days.push(day)
    return [...day.values()].map(said)
  }
  expect(await next()).toEqual(['no-state', 'no-state'])
  expect(await next()).toEqual(['unchanged', 'unchanged'])
  await late.query('COMMIT')
  expect(await next()).toEqual(['rows-changed', 'unchanged'])
})

test('detect: a prepared transaction, seen when it is committed', async () => {
  const database = await testDatabase(TEN)
  const id = `prepared_${database.name}`
  await database.query(`BEGIN; UPDATE t SET n = 0 WHERE i = 1; PREPARE TRANSACTION '${id}'`)
  await database.query('CREATE TABLE later ()')
  const first = await takeDay(database.url, 't', null)
  const second = await takeDay(database.url, 't', first)
  await database.query(`COMMIT PREPARED '${id}'`)
  expect([said(second), said(await takeDay(database.url, 't', second))]).toEqual(['unchanged', 'rows-changed'])
})

test('detect: nothing written in the whole server, unchanged without a lock or a scan', async () => {
  const { url } = await testDatabase(TEN)
  const first = await takeDay(url, 't', null)
  const blocker = await connected(url)
  await blocker.query('BEGIN; LOCK TABLE t')
  const snapshot = await open(url)
  expect(await detect(snapshot, 't', first)).toMatchObject({ changed: false, by: 'idle' })
  await blocker.query('ROLLBACK')
  await withClient(url, (client) => client.query('CREATE TABLE other ()'))
  expect(await detect(await open(url), 't', first)).toMatchObject({ changed: false, by: 'count' })
  // it was running at the first snapshot, and ends without a higher id: only counting sees it
  const late = await connected(url)
  await late.query('BEGIN; INSERT INTO t VALUES (11, 0)')
  await withClient(url, (client) => client.query('CREATE TABLE another ()'))
  const second = await takeDay(url, 't', null)
  await late.query('COMMIT')
  expect(said(await takeDay(url, 't', second))).toBe('rows-changed')
})

test('detect: a label renamed between the snapshot and the read, and back before the next, is seen', async () => {
  const database = await testDatabase(`CREATE TYPE mood AS ENUM ('sad'); CREATE TABLE t AS SELECT 'sad'::mood AS m`)
  const snapshot = await open(database.url)
  const answer = await detect(snapshot, 't', null)
  await database.query(`ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'`)
  const read = await hashRows(snapshot, await findTable(snapshot, 't'))
  await database.query(`ALTER TYPE mood RENAME VALUE 'blue' TO 'sad'`)
  const next = await takeDay(database.url, 't', { state: answer.state, rows: read.rows })
  // the file of the first day has the label that no later snapshot shows
  expect(next.hash).not.toBe(read.hash)
  expect(said(next)).toBe('structure-changed')
})

test('detect: a database made again from a copy, with the same oids and files, is another', async () => {
  const database = await testDatabase(TEN)
  const first = await takeDay(database.url, 't', null)
  await withClient(serverUrl, async (client) => {
    await client.query(`CREATE DATABASE ${database.name}_copy TEMPLATE ${database.name}`)
    await client.query(`DROP DATABASE ${database.name}`)
    await client.query(`ALTER DATABASE ${database.name}_copy RENAME TO ${database.name}`)
  })
  const second = await takeDay(database.url, 't', first)
  expect(second.answer).toMatchObject({ changed: true, reason: { id: 'other-server' } })
})

test('detect: a role with SELECT only, on a table, on a parent without its partitions, or on columns', async () => {
  const database = await createDatabase(serverUrl)
  const role = `reader_${database.name}`
  onTestFinished(async () => {
    await database.drop()
    await withClient(serverUrl, (client) => client.query(`DROP ROLE ${role}`))
  })
  await database.query(`CREATE ROLE ${role} LOGIN PASSWORD 'x'; ${TEN};
    CREATE TABLE whole (i int) PARTITION BY LIST (i); CREATE TABLE part PARTITION OF whole FOR VALUES IN (1);
    CREATE TABLE columns AS SELECT 1 AS a, 2 AS b; CREATE TABLE xmin AS SELECT 1 AS a, 2 AS b;
    GRANT SELECT ON t, whole TO ${role}; GRANT SELECT (a, b) ON columns TO ${role}; GRANT SELECT (a, b, xmin) ON xmin TO ${role}`)
  const url = new URL(database.url)
  url.username = role
  url.password = 'x'
  const names = ['t', 'whole', 'columns', 'xmin']
  const first = await takeDays(url.href, new Map(names.map((name) => [name, { earlier: null }])))
  await database.query('CREATE TABLE later ()')
  const second = await takeDays(url.href, new Map([...first].map(([name, earlier]) => [name, { earlier }])))
  expect([...second.values()].map(said)).toEqual(['unchanged', 'unchanged', 'not-detectable', 'unchanged'])
  expect(second.get('columns')?.answer).toMatchObject({
    reason: { text: 'this role may not read its column xmin, which SELECT on the whole table includes' },
  })
})

test('detect: tables that are locked or were truncated after the snapshot, not compared; the others are', async () => {
  const names = Array.from({ length: 25 }, (_, i) => `t${i}`)
  const database = await testDatabase(names.map((name) => `CREATE TABLE ${name} AS SELECT 1 AS i`).join(';'))
  const first = await takeDays(database.url, new Map(names.map((name) => [name, { earlier: null }])))
  await database.query('CREATE TABLE later ()')
  const snapshot = await open(database.url, { lockTimeoutMs: 100 })
  await database.query('TRUNCATE t3')
  const blocker = await connected(database.url)
  await blocker.query('BEGIN; LOCK TABLE t21')
  const requests: DetectionRequest[] = []
  for (const name of names) requests.push({ table: await findTable(snapshot, name), earlier: first.get(name) as Day })
  const answers = (await snapshot.detect?.(requests)) as readonly Detection[]
  const different = answers.flatMap((answer, at) => (answer.changed ? [[names[at], answer.reason]] : []))
  expect(different).toEqual([
    ['t3', { id: 'not-compared', text: expect.stringMatching(/^it could not be compared: t3: replaced, truncated/) }],
    ['t21', { id: 'not-compared', text: expect.stringMatching(/^it could not be compared: t21: /) }],
  ])
  await blocker.query('ROLLBACK')
  // the locks of the comparison are released
  await database.query(`SET lock_timeout = '1s'; ${names.map((name) => `ALTER TABLE ${name} ADD j int`).join(';')}`)
})

test('detect: fewer sessions than wanted, the same answers on the session of the snapshot', async () => {
  const database = await createDatabase(serverUrl)
  const role = `single_${database.name}`
  onTestFinished(async () => {
    await database.drop()
    await withClient(serverUrl, (client) => client.query(`DROP ROLE ${role}`))
  })
  const names = Array.from({ length: 30 }, (_, i) => `t${i}`)
  await database.query(`CREATE ROLE ${role} LOGIN PASSWORD 'x' CONNECTION LIMIT 1;
    ${names.map((name) => `CREATE TABLE ${name} AS SELECT 1 AS i; GRANT SELECT ON ${name} TO ${role}`).join(';')}`)
  const url = new URL(database.url)
  url.username = role
  url.password = 'x'
  const first = await takeDays(url.href, new Map(names.map((name) => [name, { earlier: null }])))
  await database.query('DELETE FROM t7')
  const second = await takeDays(url.href, new Map([...first].map(([name, earlier]) => [name, { earlier }])))
  expect([...second].filter(([, day]) => said(day) !== 'unchanged').map(([name]) => name)).toEqual(['t7'])
})

test('detect: a name that is not text in any encoding, compared by its bytes', async () => {
  const create = `DO $$ BEGIN EXECUTE 'CREATE TABLE t AS SELECT 1 AS i, 2 AS "m' || E'\\xfc' || '"'; END $$`
  const database = await testDatabase(create, { encoding: 'SQL_ASCII' })
  const only: Reading = (table) => ({ table: { ...table, columns: table.columns.filter(({ denied }) => !denied) } })
  const first = await takeDay(database.url, 't', null, only)
  await database.query('CREATE TABLE later ()')
  const second = await takeDay(database.url, 't', first, only)
  expect((await findTable(await open(database.url), 't')).columns[1]?.name).toBe('m%FC')
  await database.query(
    `DO $$ BEGIN EXECUTE 'ALTER TABLE t RENAME COLUMN "m' || E'\\xfc' || '" TO "m' || E'\\xe4' || '"'; END $$`,
  )
  expect([first, second, await takeDay(database.url, 't', second, only)].map(said)).toEqual([
    'no-state',
    'unchanged',
    'structure-changed',
  ])
})

test('detect: a large table, counted in ranges on several sessions', async () => {
  const database = await testDatabase(
    `CREATE TABLE t AS SELECT i, repeat('x', 1000) AS a FROM generate_series(1, 70000) i`,
  )
  await database.query('VACUUM t')
  const state = async (rows: number, earlier: Detection | null) => {
    const snapshot = await open(database.url)
    const table = await findTable(snapshot, 't')
    const answers = await snapshot.detect?.([{ table, earlier: earlier && { state: earlier.state, rows } }])
    return answers?.[0] as Detection
  }
  const first = await state(0, null)
  await database.query('CREATE TABLE later ()')
  const second = await state(70_000, first)
  expect(second).toMatchObject({ changed: false, by: 'count' })
  await database.query('DELETE FROM t WHERE i IN (1, 40000, 70000)')
  expect(await state(70_000, second)).toMatchObject({ reason: { id: 'rows-changed', text: '3 rows deleted' } })
  await database.query('INSERT INTO t SELECT i FROM generate_series(1, 3) i')
  const text = '3 rows written since, or by a transaction that was still running then'
  expect(await state(70_000, second)).toMatchObject({ reason: { id: 'rows-changed', text } })
})

test('detect: foreign keys added and removed, not a change', async () => {
  const database = await testDatabase(`${TEN}; CREATE TABLE other (i int PRIMARY KEY); INSERT INTO other VALUES (10)`)
  const monday = await takeDay(database.url, 't', null)
  await database.query('ALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY (n) REFERENCES other NOT VALID')
  const tuesday = await takeDay(database.url, 't', monday)
  expect(said(tuesday)).toBe('unchanged')
  await database.query('ALTER TABLE t DROP CONSTRAINT fk')
  expect(said(await takeDay(database.url, 't', tuesday))).toBe('unchanged')
})

test('detect: a stored state as etl.json holds it, used; a damaged one, a full read', async () => {
  const database = await testDatabase(TEN)
  const { state, rows } = await takeDay(database.url, 't', null)
  await database.query('CREATE TABLE later ()')
  const stored = JSON.parse(JSON.stringify(state))
  expect(said(await takeDay(database.url, 't', { state: stored, rows }))).toBe('unchanged')
  expect(said(await takeDay(database.url, 't', { state: { ...stored, version: 2 }, rows }))).toBe('no-state')
})

test('detect: a snapshot older than the stored state, another server', async () => {
  const database = await testDatabase(TEN)
  const early = await open(database.url)
  await database.query('UPDATE t SET n = 0')
  const late = await takeDay(database.url, 't', null)
  expect(await detect(early, 't', late)).toMatchObject({ changed: true, reason: { id: 'other-server' } })
})

test('detect: aborted, an error', async () => {
  const database = await testDatabase(TEN)
  const first = await takeDay(database.url, 't', null)
  await database.query('CREATE TABLE later ()')
  const snapshot = await open(database.url, { lockTimeoutMs: 0 })
  const table = await findTable(snapshot, 't')
  const blocker = await connected(database.url)
  await blocker.query('BEGIN; LOCK TABLE t')
  const controller = new AbortController()
  const answers = snapshot.detect?.([{ table, earlier: first }], controller.signal)
  const waiting = `SELECT FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`
  await expect.poll(async () => (await database.query(waiting)).rowCount).toBe(1)
  controller.abort()
  await expect(answers).rejects.toMatchObject({ code: 'ABORTED' })
})
