import { randomBytes } from 'node:crypto'
import type { SourceSnapshot, TableSchema } from '@dwh/core'
import { type TestDatabase, testDatabase } from '@dwh/test-kit'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type PostgresSourceOptions, postgresSource } from '../index.ts'

const LOCK_TIMEOUT_MS = 10_000

interface House {
  readonly database: TestDatabase
  readonly snapshot: SourceSnapshot
  readonly table: TableSchema
  readonly notes: string[]
}

/** Makes a table and its snapshot as a read-only role. With the condition `SLOWLY`, each row takes 10 ms to read. */
async function house(rows: number, options: PostgresSourceOptions & { connections?: number } = {}): Promise<House> {
  const database = await testDatabase(`CREATE TABLE t AS SELECT i FROM generate_series(1, ${rows}) i`)
  const role = `r_${randomBytes(6).toString('hex')}`
  await database.query(
    `CREATE ROLE ${role} LOGIN PASSWORD 'pw' CONNECTION LIMIT ${options.connections ?? -1}; GRANT SELECT ON t TO ${role}`,
  )
  onTestFinished(async () => void (await database.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)))
  const url = new URL(database.url)
  url.username = role
  url.password = 'pw'
  const notes: string[] = []
  const source = postgresSource({
    connection: url.href,
    lockTimeoutMs: LOCK_TIMEOUT_MS,
    onNote: (note) => notes.push(note),
    ...options,
  })
  const snapshot = await source.open()
  onTestFinished(() => snapshot.close())
  const [table] = await snapshot.tables()
  return { database, snapshot, table: table as TableSchema, notes }
}

const SLOWLY = 'pg_sleep(0.01) IS NOT NULL'

const WAYS = {
  rows: async ({ snapshot, table }: House, where: string) => {
    let count = 0
    for await (const batch of snapshot.read(table, { where }).rows) count += batch.length
    return count
  },
  copy: async ({ snapshot, table }: House, where: string) => {
    const data = snapshot.readBulkText?.(table, { where })
    for await (const _ of data?.bulkText ?? []);
    return data?.sent()
  },
  proof: async ({ snapshot, table }: House, where: string) =>
    (await snapshot.profileTable?.(table, { proof: 'columns', native: false }, { where }))?.proof.rows,
}

/** Starts a read, and returns when it has locked the table. */
async function begin(the: House, way: keyof typeof WAYS): Promise<{ reading: Promise<number | undefined> }> {
  const reading = WAYS[way](the, SLOWLY)
  reading.catch(() => {})
  const reads = `SELECT FROM pg_stat_activity WHERE query LIKE '%pg_sleep(0.01)%' AND state = 'active' AND datname = current_database() AND pid <> pg_backend_pid()`
  await expect.poll(async () => (await the.database.query(reads)).rows.length).toBe(1)
  return { reading }
}

async function elapsedMs(work: Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work
  return performance.now() - start
}

describe.each(['rows', 'copy', 'proof'] as const)('statement waits for a read: %s', (way) => {
  test('yield: statement and application continue within lock_timeout, and the table can be read again', async () => {
    const the = await house(100_000)
    const { reading } = await begin(the, way)
    const altered = elapsedMs(the.database.query('ALTER TABLE t ADD COLUMN later int'))
    const waiting = `SELECT FROM pg_locks WHERE NOT granted AND relation = 't'::regclass`
    await expect.poll(async () => (await the.database.query(waiting)).rows.length).toBe(1)
    const asked = elapsedMs(the.database.query('SELECT FROM t LIMIT 1'))
    await expect(reading).rejects.toMatchObject({
      code: 'SOURCE_FAILED',
      message: expect.stringMatching(/^t: stopped reading so that a statement \(pid \d+\) could run$/),
      hint: expect.stringContaining('on_blocked_ddl: wait'),
      context: { retryable: true },
    })
    expect(await altered).toBeLessThan(LOCK_TIMEOUT_MS)
    expect(await asked).toBeLessThan(LOCK_TIMEOUT_MS)
    expect(await WAYS[way](the, 'true')).toBe(100_000)
    await the.database.query('TRUNCATE t')
    await expect(WAYS[way](the, 'true')).rejects.toMatchObject({ code: 'SOURCE_CHANGED' })
    expect(the.notes).toEqual([])
  })

  test('wait: the read ends first, then the statement; one note per table', async () => {
    const the = await house(150, { onBlockedDdl: 'wait' })
    const { reading } = await begin(the, way)
    let ended = false
    const altered = the.database.query('ALTER TABLE t ADD COLUMN later int').then(() => ended)
    expect(await reading).toBe(150)
    ended = true
    expect(await altered).toBe(true)
    const { reading: again } = await begin(the, way)
    await the.database.query('DROP TABLE t')
    expect(await again).toBe(150)
    expect(the.notes).toEqual([
      expect.stringMatching(/^t: a statement \(pid \d+\) and the queries behind it wait until the table is read/),
    ])
  })
})

test('several connections share a table: all stop, also while the caller is paused', async () => {
  const database = await testDatabase(`CREATE TABLE t AS SELECT repeat('x', 1900) AS x FROM generate_series(1, 50000)`)
  const source = postgresSource({ connection: database.url, parallel: 3, lockTimeoutMs: LOCK_TIMEOUT_MS })
  const snapshot = await source.open()
  onTestFinished(() => snapshot.close())
  const [table] = (await snapshot.tables()) as [TableSchema]
  const pieces = snapshot.readBulkText?.(table).bulkText[Symbol.asyncIterator]()
  const holders = `SELECT FROM pg_locks WHERE granted AND relation = 't'::regclass AND mode = 'AccessShareLock'`
  const readers = async () => {
    await pieces?.next()
    return (await database.query(holders)).rows.length
  }
  await expect.poll(readers).toBeGreaterThan(1)
  expect(await elapsedMs(database.query('ALTER TABLE t ADD COLUMN later int'))).toBeLessThan(LOCK_TIMEOUT_MS)
  const rest = async () => {
    while (!(await pieces?.next())?.done);
  }
  await expect(rest()).rejects.toMatchObject({ code: 'SOURCE_FAILED', context: { retryable: true } })
})

test('kind of the statement: reported if the role may see it, its text never', async () => {
  const the = await house(100_000)
  await the.database.query(`GRANT pg_read_all_stats TO ${await roleOf(the)}`)
  const { reading } = await begin(the, 'copy')
  await the.database.query(`-- s3cret\nSET lock_timeout = 0; alter  table t ADD COLUMN later text DEFAULT 's3cret'`)
  const error = await reading.catch((e) => e)
  expect(error.message).toMatch(/^t: stopped reading so that ALTER TABLE \(pid \d+\) could run$/)
  expect(JSON.stringify([error, error.message, error.hint])).not.toContain('s3cret')
})

async function roleOf({ database }: House): Promise<string> {
  const { rows } = await database.query(
    `SELECT usename FROM pg_stat_activity WHERE application_name = 'dwh' AND datname = current_database() LIMIT 1`,
  )
  return rows[0].usename
}

describe('read continues', () => {
  test('single connection: no check is possible', async () => {
    const the = await house(100, { connections: 1, parallel: 1 })
    const { reading } = await begin(the, 'copy')
    await the.database.query('ALTER TABLE t ADD COLUMN later int')
    expect(await reading).toBe(100)
    expect(the.notes.filter((note) => note.includes('pid'))).toEqual([])
  })

  test('role that may not see waiting sessions: the snapshot is not affected', async () => {
    const the = await house(100)
    await the.database.query('REVOKE EXECUTE ON FUNCTION pg_blocking_pids FROM public')
    const { reading } = await begin(the, 'copy')
    const altered = the.database.query('ALTER TABLE t ADD COLUMN later int')
    expect(await reading).toBe(100)
    await altered
    expect(await WAYS.copy(the, 'true')).toBe(100)
    expect(the.notes).toEqual([])
  })

  test('statement that waits for another session, or whose lock allows reading: ignored', async () => {
    const the = await house(150)
    await the.database.query('CREATE TABLE other (i int)')
    const { reading } = await begin(the, 'copy')
    const held = the.database.query('BEGIN; LOCK TABLE other; SELECT pg_sleep(1); COMMIT')
    const waited = the.database.query('BEGIN; LOCK TABLE other; COMMIT')
    await the.database.query('CREATE INDEX ON t (i); INSERT INTO t VALUES (0)')
    expect(await reading).toBe(150)
    await Promise.allSettled([held, waited])
  })
})
