import { chmod } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { POSTGRES_VERSIONS, startTestServer, temporaryFolder, testDatabase, withClient } from './index.ts'

test.each(POSTGRES_VERSIONS)('Postgres %i: starts, keeps its data over a restart, and ends', async (version) => {
  const folder = await temporaryFolder()
  await chmod(folder, 0o755)
  const first = await startTestServer({ folder, version })
  await withClient(first.url(), (client) => client.query('CREATE TABLE kept AS SELECT 42 AS answer'))
  await first.stop()
  const second = await startTestServer({ folder, version })
  try {
    const rows = await withClient(second.url(), (client) => client.query('SELECT answer, version() FROM kept'))
    expect(rows.rows[0].answer).toBe(42)
    expect(rows.rows[0].version).toContain(`PostgreSQL ${version}.`)
  } finally {
    await second.stop()
  }
})

test('testDatabase: each is new', async () => {
  const database = await testDatabase('CREATE TABLE t (id int)')
  expect((await database.query('SELECT count(*)::int AS n FROM t')).rows).toEqual([{ n: 0 }])
})
