import { randomBytes } from 'node:crypto'
import type { RowBatch, SourceSnapshot } from '@dwh/core'
import { type TestDatabase, testDatabase } from '@dwh/test-kit'
import { describe, expect, onTestFinished, test } from 'vitest'
import { postgresSource } from '../index.ts'

const TABLES = Array.from({ length: 6 }, (_, i) => `t${i}`)
const PASSWORD = 'pw'

/** Makes a database with a role that has a connection limit; `notes` collects the notes of the source. */
async function limited(connections: number): Promise<{ database: TestDatabase; url: string; notes: string[] }> {
  const database = await testDatabase(
    TABLES.map((name) => `CREATE TABLE ${name} AS SELECT g FROM generate_series(1, 3000) g`).join(';'),
  )
  const role = `r_${randomBytes(6).toString('hex')}`
  await database.query(`CREATE ROLE ${role} LOGIN PASSWORD '${PASSWORD}' CONNECTION LIMIT ${connections};
    GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role}`)
  onTestFinished(async () => void (await database.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)))
  const url = new URL(database.url)
  url.username = role
  url.password = PASSWORD
  return { database, url: url.href, notes: [] }
}

async function open(source: { url: string; notes: string[] }, parallel: number): Promise<SourceSnapshot> {
  const snapshot = await postgresSource({
    connection: source.url,
    parallel,
    onNote: (note) => source.notes.push(note),
  }).open()
  onTestFinished(() => snapshot.close())
  return snapshot
}

async function count(rows: AsyncIterable<RowBatch>): Promise<number> {
  let n = 0
  for await (const batch of rows) n += batch.length
  return n
}

async function readAll(snapshot: SourceSnapshot): Promise<number[]> {
  const tables = await snapshot.tables()
  return Promise.all(tables.map((table) => count(snapshot.read(table).rows)))
}

describe('connection limit', () => {
  test.each([
    [1, /: the tables are read one after another, on the connection that holds the snapshot, not 4 at once/],
    [2, /: the tables are read on 1 connection beside the one that holds the snapshot, not 4 at once/],
  ])('%i connections: reads with fewer, with a note', async (connections, note) => {
    const source = await limited(connections)
    const snapshot = await open(source, 4)
    await source.database.query('TRUNCATE t5; INSERT INTO t4 VALUES (1)')
    const tables = await snapshot.tables()
    const counts = await Promise.allSettled(tables.map((table) => count(snapshot.read(table).rows)))
    expect(counts.slice(0, 5)).toEqual(Array(5).fill({ status: 'fulfilled', value: 3000 }))
    expect(counts[5]).toMatchObject({ reason: { code: 'SOURCE_CHANGED' } })
    expect(source.notes).toEqual([expect.stringMatching(note)])
    expect(source.notes[0]).toMatch(/too many connections for role/)
    expect(await readAll(snapshot).catch((e) => e.code)).toBe('SOURCE_CHANGED')
    expect(source.notes).toHaveLength(1)
  })

  test('5 connections, as many as wanted: no note', async () => {
    const source = await limited(5)
    const snapshot = await open(source, 4)
    const tables = (await snapshot.tables()).slice(0, 4)
    expect(await Promise.all(tables.map((table) => count(snapshot.read(table).rows)))).toEqual(Array(4).fill(3000))
    expect(source.notes).toEqual([])
  })

  test('no connection: an error with a hint', async () => {
    const source = await limited(0)
    await expect(open(source, 4)).rejects.toMatchObject({
      code: 'SOURCE_DENIED',
      message: expect.stringContaining('too many connections'),
      hint: expect.stringContaining('max_connections'),
    })
  })
})

describe('single connection', () => {
  test('lock, early exit, failure: the next table is not affected', async () => {
    const source = await limited(1)
    const snapshot = await open(source, 1)
    const [first, second] = await snapshot.tables()
    for await (const batch of snapshot.read(first!).rows) {
      expect(batch.length).toBeGreaterThan(0)
      break
    }
    await source.database.query(`SET lock_timeout = '1s'; ALTER TABLE t0 ADD COLUMN x int`)
    await expect(count(snapshot.read(second!, { where: 'nonsense' }).rows)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('t1'),
    })
    expect(await count(snapshot.read(second!).rows)).toBe(3000)
  })

  test('waiting read: can be aborted', async () => {
    const source = await limited(1)
    const snapshot = await open(source, 1)
    const [first, second] = await snapshot.tables()
    const reading = snapshot.read(first!).rows[Symbol.asyncIterator]()
    await reading.next()
    const controller = new AbortController()
    const waiting = count(snapshot.read(second!, { signal: controller.signal }).rows)
    controller.abort()
    await expect(waiting).rejects.toMatchObject({ code: 'ABORTED' })
    const closed = count(snapshot.read(second!).rows)
    await snapshot.close()
    await expect(closed).rejects.toMatchObject({ code: 'SOURCE_FAILED' })
  })
})

test('session of the snapshot terminated: the error has its last message', async () => {
  const source = await limited(3)
  const snapshot = await open(source, 2)
  const [first] = await snapshot.tables()
  await source.database.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'dwh' AND datname = current_database()`,
  )
  await expect
    .poll(() => count(snapshot.read(first!).rows).catch((error) => error))
    .toMatchObject({
      code: 'SOURCE_FAILED',
      message: expect.stringContaining('terminating connection due to administrator command'),
    })
})

test('close or abort while a reader is being opened: no session is left', async () => {
  const source = await limited(4)
  const sessions = async () => {
    const { rows } = await source.database.query(
      `SELECT FROM pg_stat_activity WHERE application_name = 'dwh' AND datname = current_database()`,
    )
    return rows.length
  }
  for (const end of ['close', 'abort']) {
    const snapshot = await open(source, 2)
    const [first] = await snapshot.tables()
    const controller = new AbortController()
    const reading = count(snapshot.read(first!, { signal: controller.signal }).rows)
    reading.catch(() => {})
    await new Promise((resolve) => setImmediate(resolve))
    if (end === 'abort') controller.abort()
    else await snapshot.close()
    await expect(reading).rejects.toMatchObject({ code: end === 'abort' ? 'ABORTED' : 'SOURCE_FAILED' })
    await snapshot.close()
    await expect.poll(sessions).toBe(0)
  }
})
