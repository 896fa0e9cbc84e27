import type { RowBatch, SourceSnapshot } from '@dwh/core'
import { primaryAndStandby, type startTestServer, withClient } from '@dwh/test-kit'
import { expect, onTestFinished, test } from 'vitest'
import { postgresSource } from '../index.ts'

type Server = Awaited<ReturnType<typeof startTestServer>>

const TABLES = `CREATE TABLE big AS SELECT i, repeat(md5(i::text), 10) AS t FROM generate_series(1, 100000) i;
  CREATE TABLE small AS SELECT 1 AS i`

async function count(snapshot: SourceSnapshot, name: string): Promise<number> {
  const table = (await snapshot.tables()).find((each) => each.name === name)
  let n = 0
  for await (const batch of snapshot.read(table!).rows) n += batch.length
  return n
}

test('standby: read like any server, and chosen by target_session_attrs', async () => {
  const { primary, standby } = await primaryAndStandby(TABLES, {})
  const { host, user, password } = primary
  const connection = {
    host: `${host},${host}`,
    port: `${primary.port},${standby.port}`,
    user,
    password,
    dbname: 'postgres',
    target_session_attrs: 'prefer-standby',
  }
  const snapshot = await postgresSource({ connection }).open()
  onTestFinished(() => snapshot.close())
  await withClient(primary.url(), (client) => client.query('INSERT INTO small VALUES (2)'))
  await expect
    .poll(() => withClient(standby.url(), async (client) => (await client.query('SELECT i FROM small')).rowCount))
    .toBe(2)
  expect(await Promise.all([count(snapshot, 'big'), count(snapshot, 'small')])).toEqual([100000, 1])
  expect(snapshot.info.position).toMatch(/^[0-9A-F]+\/[0-9A-F]+$/)
  const both = await withClient(primary.url(), (client) => client.query('SELECT pg_current_wal_lsn()::text AS lsn'))
  expect(both.rows[0].lsn).not.toBe(snapshot.info.position)
  expect(await sessions(primary)).toBe(0)
  expect(await sessions(standby)).toBeGreaterThan(0)
})

test('unlogged table on a standby: denied in the list of tables', async () => {
  const { primary, standby } = await primaryAndStandby('CREATE UNLOGGED TABLE quick (i int)')
  const deniedAt = async (connection: string) => {
    const snapshot = await postgresSource({ connection }).open()
    onTestFinished(() => snapshot.close())
    return (await snapshot.tables()).find(({ name }) => name === 'quick')?.denied?.reason
  }
  expect(await deniedAt(primary.url())).toBeUndefined()
  expect(await deniedAt(standby.url())).toBe('unlogged table: a standby does not have its rows')
})

test('standby cancels the read to apply changes: an error with the settings to change', async () => {
  const { primary, standby } = await primaryAndStandby(TABLES, { max_standby_streaming_delay: '0' })
  const snapshot = await postgresSource({ connection: standby.url() }).open()
  onTestFinished(() => snapshot.close())
  const tables = await snapshot.tables()
  const big = tables.find((table) => table.name === 'big')
  const reading = snapshot.read(big!).rows[Symbol.asyncIterator]() as AsyncIterator<RowBatch>
  await reading.next()
  await withClient(primary.url(), async (client) => {
    await client.query('DELETE FROM big')
    await client.query('VACUUM big')
  })
  const conflicts = () =>
    withClient(standby.url(), async (client) => {
      const { rows } = await client.query('SELECT sum(confl_snapshot)::int AS n FROM pg_stat_database_conflicts')
      return rows[0].n
    })
  await expect.poll(conflicts).toBeGreaterThan(1)
  const rest = async () => {
    while (!(await reading.next()).done);
  }
  const cancelled = {
    code: 'SOURCE_FAILED',
    message: expect.stringContaining('conflict with recovery'),
    hint: expect.stringMatching(/Run again.*hot_standby_feedback.*max_standby_streaming_delay/),
  }
  await expect(rest()).rejects.toMatchObject(cancelled)
  await expect(count(snapshot, 'small')).rejects.toMatchObject(cancelled)
})

async function sessions(server: Server): Promise<number> {
  return withClient(server.url(), async (client) => {
    const { rows } = await client.query(`SELECT FROM pg_stat_activity WHERE application_name = 'dwh'`)
    return rows.length
  })
}
