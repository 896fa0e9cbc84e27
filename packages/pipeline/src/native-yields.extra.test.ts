import { randomBytes } from 'node:crypto'
import type { RunEvent } from '@dwh/core'
import { duckdbExtensions } from '@dwh/duckdb-extensions'
import { postgresSource } from '@dwh/extract-postgres'
import { openParquetWriter } from '@dwh/parquet-writer'
import { localStore } from '@dwh/storage'
import { type TestDatabase, temporaryFolder, testDatabase } from '@dwh/test-kit'
import { expect, onTestFinished, test } from 'vitest'
import { type RunReport, runPipeline } from './index.ts'

const LOCK_TIMEOUT_MS = 10_000

/** Starts a run of a table that takes a minute, and returns when DuckDB reads it on its own connections. */
async function reading(
  options: { maxSnapshotAgeMs?: number } = {},
): Promise<{ database: TestDatabase; run: Promise<RunReport>; events: RunEvent[] }> {
  const database = await testDatabase(
    `CREATE TABLE t AS SELECT i, repeat('x', 1000) AS x FROM generate_series(1, 100000) i`,
  )
  const writer = await openParquetWriter({
    tempDirectory: await temporaryFolder(),
    extensionDirectory: await duckdbExtensions(),
  })
  onTestFinished(() => writer.close())
  const source = postgresSource({ connection: database.url, lockTimeoutMs: LOCK_TIMEOUT_MS, ...options })
  const events: RunEvent[] = []
  // slow when DuckDB reads, not when the table is profiled: only the queries of ranges contain ctid
  const where = `CASE WHEN current_query() LIKE '%cti' || 'd %' THEN pg_sleep(0.0005) IS NOT NULL ELSE true END`
  const run = runPipeline({
    store: localStore({ path: await temporaryFolder() }),
    sources: { default: { source, extract: 'native', tables: { t: { where } } } },
    writer,
    tempDirectory: await temporaryFolder(),
    clock: () => new Date(),
    random: randomBytes,
    onEvent: (event) => events.push(event),
  })
  run.catch(() => {})
  const native = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%ctid %' AND state = 'active' AND pid <> pg_backend_pid()`
  await expect.poll(async () => (await database.query(native)).rows.length).toBeGreaterThan(0)
  return { database, run, events }
}

async function nobodyIsLeft(database: TestDatabase): Promise<void> {
  const ours = `SELECT FROM pg_stat_activity WHERE application_name = 'dwh' AND datname = current_database()`
  await expect.poll(async () => (await database.query(ours)).rows.length, { timeout: LOCK_TIMEOUT_MS }).toBe(0)
}

test('statement waits while DuckDB reads: it continues within lock_timeout', async () => {
  const { database, run, events } = await reading()
  const start = performance.now()
  await database.query('TRUNCATE t')
  expect(performance.now() - start).toBeLessThan(LOCK_TIMEOUT_MS)
  await expect(run).rejects.toMatchObject({ code: 'RUN_FAILED', message: expect.stringMatching(/^t: .*truncated/) })
  expect(events.filter(({ type }) => type === 'table-retry')).toHaveLength(1)
  await nobodyIsLeft(database)
})

test('snapshot open for too long while DuckDB reads: no session is left', async () => {
  const { database, run } = await reading({ maxSnapshotAgeMs: 10_000 })
  await expect(run).rejects.toMatchObject({ message: expect.stringMatching(/^t: the snapshot was open for 10 s/) })
  await nobodyIsLeft(database)
})
