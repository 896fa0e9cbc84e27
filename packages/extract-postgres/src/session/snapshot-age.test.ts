import { randomBytes } from 'node:crypto'
import type { SourceSnapshot, TableSchema } from '@dwh/core'
import { type TestDatabase, testDatabase } from '@dwh/test-kit'
import { expect, onTestFinished, test } from 'vitest'
import { postgresSource } from '../index.ts'

/** Long enough for a busy machine to open a snapshot and read its tables. */
const LIMIT_MS = 1_000

const TOO_OLD = {
  code: 'SOURCE_FAILED',
  message: 's: the snapshot was open for 1 s, the limit of max_snapshot_age',
  hint: expect.stringContaining('vacuum'),
}

async function open(
  database: TestDatabase,
  maxSnapshotAgeMs: number,
  connections = -1,
): Promise<{ snapshot: SourceSnapshot; slow: TableSchema }> {
  const role = `r_${randomBytes(6).toString('hex')}`
  await database.query(`CREATE ROLE ${role} LOGIN PASSWORD 'pw' CONNECTION LIMIT ${connections};
    GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role}`)
  onTestFinished(async () => void (await database.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)))
  const url = new URL(database.url)
  url.username = role
  url.password = 'pw'
  const snapshot = await postgresSource({ connection: url.href, maxSnapshotAgeMs, parallel: 1 }).open()
  onTestFinished(() => snapshot.close())
  const slow = (await snapshot.tables()).find((table) => table.name === 's') as TableSchema
  return { snapshot, slow }
}

async function drain(pieces: AsyncIterable<unknown> | undefined): Promise<void> {
  for await (const _ of pieces ?? []);
}

async function nobodyIsLeft(database: TestDatabase): Promise<void> {
  const ours = `SELECT FROM pg_stat_activity WHERE application_name = 'dwh' AND datname = current_database()`
  await expect.poll(async () => (await database.query(ours)).rows.length).toBe(0)
}

const SLOW = `CREATE TABLE s AS SELECT i FROM generate_series(1, 100000) i; CREATE TABLE b AS SELECT 1 AS i`
const slowly = { where: 'pg_sleep(0.01) IS NOT NULL' }

test.each([-1, 1])(
  'limit reached, %i connections: rows, copy and profile end, also a waiting read',
  async (connections) => {
    const database = await testDatabase(SLOW)
    for (const read of [
      ({ snapshot, slow }) => drain(snapshot.read(slow, slowly).rows),
      ({ snapshot, slow }) => drain(snapshot.readBulkText?.(slow, slowly).bulkText),
      ({ snapshot, slow }) => snapshot.profileTable?.(slow, { proof: 'columns', native: false }, slowly),
    ] as ((the: { snapshot: SourceSnapshot; slow: TableSchema }) => Promise<unknown>)[]) {
      const the = await open(database, LIMIT_MS, connections)
      const both = await Promise.allSettled([read(the), read(the)])
      expect(both).toEqual(Array(2).fill({ status: 'rejected', reason: expect.objectContaining(TOO_OLD) }))
      await nobodyIsLeft(database)
      await expect(read(the)).rejects.toMatchObject(TOO_OLD)
    }
  },
)

test('paused reader: its session ends too, and the next read fails', async () => {
  const database = await testDatabase(SLOW)
  const { snapshot, slow } = await open(database, LIMIT_MS)
  const rows = snapshot.read(slow).rows[Symbol.asyncIterator]()
  await rows.next()
  await nobodyIsLeft(database)
  await expect(rows.next()).rejects.toMatchObject(TOO_OLD)
})

test('closed in time, or no limit: no error', async () => {
  const database = await testDatabase(SLOW)
  const { snapshot, slow } = await open(database, 0)
  await drain(snapshot.read(slow).rows)
  await snapshot.close()
  await nobodyIsLeft(database)
})
