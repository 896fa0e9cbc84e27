import { execFile } from 'node:child_process'
import { chmod, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { primaryAndStandby, startTestServer, temporaryFolder, withClient } from '@dwh/test-kit'
import { expect, onTestFinished, test } from 'vitest'
import { buildCode, type Code, SERVER_FLAWS } from './build-code.ts'
import * as code from './code.ts'
import { type Day, takeDay } from './take-day.ts'

const run = promisify(execFile)

/** Without work of the server's own, which would use transaction ids and write the log. */
const QUIET = { autovacuum: 'off', wal_writer_delay: '10s' }
const TEN = 'CREATE TABLE t AS SELECT i, 0 AS n FROM generate_series(1, 10) i'

async function folderOfServer(): Promise<string> {
  const folder = await temporaryFolder()
  await chmod(folder, 0o755)
  return folder
}

const query = (url: string, sql: string) => withClient(url, (client) => client.query(sql))

/** The answer about the table `t`, and whether its rows are those of the day before. */
async function compareDay(tested: Code, connection: string, earlier: Day): Promise<[said: string, rows: string]> {
  const today = (await takeDay(tested, { connection, earlier, names: ['t'] })).get('t')
  const said = today?.answer.changed ? `${today.answer.reason.id}: ${today.answer.reason.text}` : 'unchanged'
  return [said, today?.hash === earlier.get('t')?.hash ? 'same' : 'other']
}

test('a backend is killed, and a commit that was not on disk is lost: another server, though it was not restarted', async () => {
  const server = await startTestServer({ folder: await folderOfServer(), settings: QUIET })
  onTestFinished(() => server.stop())
  const url = server.url()
  await query(url, TEN)
  await query(url, 'CHECKPOINT')
  await query(url, 'UPDATE t SET n = 1 WHERE i = 1')
  const earlier = await takeDay(code, { connection: url, names: ['t'] })
  await withClient(url, async (client) => {
    client.on('error', () => {})
    const { rows } = await client.query('SELECT pg_backend_pid() AS pid')
    process.kill(rows[0].pid, 'SIGKILL')
    await expect
      .poll(() =>
        client.query('SELECT 1').then(
          () => 'alive',
          () => 'ended',
        ),
      )
      .toBe('ended')
  }).catch(() => {})
  await expect
    .poll(() =>
      query(url, 'SELECT 1').then(
        () => 'up',
        () => 'down',
      ),
    )
    .toBe('up')
  // the transaction id of the lost commit is used again
  await query(url, 'UPDATE t SET n = 2 WHERE i = 1')
  await query(url, 'CREATE TABLE later ()')
  const flawed = await buildCode([SERVER_FLAWS.crash])
  expect(await compareDay(flawed, url, earlier)).toEqual(['unchanged', 'other'])
  const reason = 'the server recovered from a crash, or all its statistics were reset'
  expect(await compareDay(code, url, earlier)).toEqual([`other-server: ${reason}`, 'other'])
})

test('the whole server is killed, and a commit that was not on disk is lost: another server', async () => {
  const folder = await folderOfServer()
  const before = await startTestServer({ folder, settings: QUIET })
  await query(before.url(), TEN)
  await query(before.url(), 'CHECKPOINT')
  await query(before.url(), 'UPDATE t SET n = 1 WHERE i = 1')
  const earlier = await takeDay(code, { connection: before.url(), names: ['t'] })
  process.kill(before.pid, 'SIGQUIT')
  await before.stop()
  const after = await startTestServer({ folder, settings: QUIET })
  onTestFinished(() => after.stop())
  await query(after.url(), 'UPDATE t SET n = 2 WHERE i = 1; CREATE TABLE later ()')
  const [said, rows] = await compareDay(code, after.url(), earlier)
  expect([said, rows]).toEqual(['other-server: the server was restarted, or it is another one', 'other'])
})

test('the data folder is copied back: another server', async () => {
  const [folder, copy] = [await folderOfServer(), await temporaryFolder()]
  const first = await startTestServer({ folder, settings: QUIET })
  await query(first.url(), TEN)
  await first.stop()
  await run('cp', ['-a', join(folder, 'data'), copy])
  const second = await startTestServer({ folder, settings: QUIET })
  await query(second.url(), 'UPDATE t SET n = 1 WHERE i = 1')
  const earlier = await takeDay(code, { connection: second.url(), names: ['t'] })
  await second.stop()
  await rm(join(folder, 'data'), { recursive: true })
  await run('cp', ['-a', join(copy, 'data'), folder])
  const third = await startTestServer({ folder, settings: QUIET })
  onTestFinished(() => third.stop())
  await query(third.url(), 'UPDATE t SET n = 2 WHERE i = 1')
  await query(third.url(), 'CREATE TABLE later AS SELECT md5(i::text) FROM generate_series(1, 10000) i')
  const flawed = await buildCode([SERVER_FLAWS.restart])
  expect(await compareDay(flawed, third.url(), earlier)).toEqual(['unchanged', 'other'])
  expect((await compareDay(code, third.url(), earlier))[0]).toMatch(/^other-server: /)
})

test('a standby that lags is promoted: another server', async () => {
  const { primary, standby } = await primaryAndStandby(TEN, QUIET)
  const copied = `SELECT FROM pg_stat_wal_receiver WHERE status = 'streaming'`
  await expect.poll(async () => (await query(standby.url(), copied)).rowCount).toBe(1)
  await query(standby.url(), `ALTER SYSTEM SET primary_conninfo = ''`)
  await query(standby.url(), 'SELECT pg_reload_conf()')
  await expect.poll(async () => (await query(standby.url(), copied)).rowCount).toBe(0)
  await query(primary.url(), 'UPDATE t SET n = 1 WHERE i = 1')
  const earlier = await takeDay(code, { connection: primary.url(), names: ['t'] })
  await query(standby.url(), 'SELECT pg_promote()')
  await query(standby.url(), 'UPDATE t SET n = 2 WHERE i = 1')
  await query(standby.url(), 'CREATE TABLE later AS SELECT md5(i::text) FROM generate_series(1, 10000) i')
  const flawed = await buildCode([SERVER_FLAWS.restart, SERVER_FLAWS.crash, SERVER_FLAWS.promotion])
  expect(await compareDay(flawed, standby.url(), earlier)).toEqual(['unchanged', 'other'])
  expect((await compareDay(code, standby.url(), earlier))[0]).toMatch(/^other-server: /)
})

test('a standby: compared like any server, until it is promoted; never with its primary', async () => {
  const { primary, standby } = await primaryAndStandby(TEN, QUIET)
  const url = standby.url()
  const caughtUp = async () => {
    const { rows } = await query(primary.url(), 'SELECT pg_current_wal_insert_lsn()::text AS lsn')
    const replayed = `SELECT pg_last_wal_replay_lsn() >= '${rows[0].lsn}'::pg_lsn AS yes`
    await query(primary.url(), 'CHECKPOINT')
    await expect.poll(async () => (await query(url, replayed)).rows[0].yes).toBe(true)
  }
  await caughtUp()
  const first = await takeDay(code, { connection: url, names: ['t'] })
  const second = await takeDay(code, { connection: url, earlier: first, names: ['t'] })
  expect(second.get('t')?.answer).toMatchObject({ changed: false, by: 'idle' })
  await query(primary.url(), 'CREATE TABLE later ()')
  await caughtUp()
  const third = await takeDay(code, { connection: url, earlier: second, names: ['t'] })
  expect(third.get('t')?.answer).toMatchObject({ changed: false, by: 'count' })
  expect((await compareDay(code, primary.url(), third))[0]).toMatch(/^other-server: /)
  await query(primary.url(), 'DELETE FROM t WHERE i = 1')
  await caughtUp()
  expect(await compareDay(code, url, third)).toEqual(['rows-changed: 1 row deleted', 'other'])
  const fourth = await takeDay(code, { connection: url, names: ['t'] })
  await query(url, 'SELECT pg_promote()')
  expect(await compareDay(code, url, fourth)).toEqual(['other-server: the server was promoted', 'same'])
})

test('statistics: one kind reset, the same server; all, another, since that is what a crash does', async () => {
  const server = await startTestServer({ folder: await folderOfServer(), settings: QUIET })
  onTestFinished(() => server.stop())
  const url = server.url()
  await query(url, TEN)
  const earlier = await takeDay(code, { connection: url, names: ['t'] })
  await query(url, `SELECT pg_stat_reset(), pg_stat_reset_shared('bgwriter')`)
  expect(await compareDay(code, url, earlier)).toEqual(['unchanged', 'same'])
  await query(url, `SELECT pg_stat_reset_shared('archiver')`)
  expect((await compareDay(code, url, earlier))[0]).toMatch(/^other-server: the server recovered from a crash/)
})
