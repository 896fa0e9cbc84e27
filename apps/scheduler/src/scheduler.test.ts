import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startTestServer, temporaryFolder, testDatabase, webhookReceiver, withClient } from '@dwh/test-kit'
import { describe, expect, test } from 'vitest'
import { place } from './scheduler.test-support.ts'

const SHOP = `
  CREATE TABLE customers AS SELECT i AS id, 'name ' || i AS name FROM generate_series(1, 500) i;
  CREATE TABLE orders AS SELECT i AS id, i % 100 AS customer FROM generate_series(1, 1000) i`

/** Nothing is due during a test, so a scheduler acts only at its start. */
const SELDOM = { DWH_SCHEDULE: '0 0 1 1 *' }
const EVERY_SECOND = { DWH_SCHEDULE: '* * * * * *' }

async function isReleased(folder: string): Promise<boolean> {
  const lock = JSON.parse(await readFile(join(folder, 'warehouse/_dwh/lock.json'), 'utf8'))
  return lock.released === true
}

test('empty warehouse: first run at once; a restarted scheduler has nothing to do', async () => {
  const database = await testDatabase(SHOP)
  const here = await place({ DATABASE_URL: database.url, ...SELDOM })
  const first = here.scheduler()
  expect((await first.page('/healthz')).status).toBe(200)
  expect(await first.page('/readyz')).toMatchObject({ status: 503 })
  expect(await first.line('run ended')).toMatchObject({
    level: 'info',
    result: 'success',
    tables: 2,
    rows: 1500,
  })
  // at once: the log line comes last
  expect(await first.page('/readyz')).toMatchObject({ status: 200, body: expect.stringMatching(/^fresh: /) })
  const { status, body } = await first.page('/metrics')
  expect(status).toBe(200)
  expect(body).toContain('dwh_table_rows{table="orders"} 1000\n')
  expect(body).toContain('dwh_job_outcomes_total{job="run",outcome="success"} 1\n')
  expect(body).toContain('dwh_job_running{job="run"} 0\n')
  expect(body).toMatch(/^dwh_last_success_timestamp_seconds \d/m)
  expect(body).toMatch(/^dwh_table_last_success_timestamp_seconds\{table="orders"\} \d/m)
  expect(body).toContain('dwh_warehouse_days 1\n')
  expect(await first.page('/')).toMatchObject({ status: 404 })
  expect(await first.stop()).toMatchObject({ code: 0 })
  expect(await isReleased(here.folder)).toBe(true)

  const second = here.scheduler()
  await second.line('no run is due')
  expect((await second.page('/readyz')).status).toBe(200)
  expect(await second.stop()).toMatchObject({ code: 0 })
  expect(second.lines.map(({ message }) => message)).not.toContain('run started')

  const third = here.scheduler({ RUN_ON_START: 'true' })
  expect(await third.line('run ended')).toMatchObject({ result: 'success' })
  await third.stop()
  const fourth = here.scheduler({ DWH_CATCH_UP: 'false', DWH_STORAGE: join(here.folder, 'another') })
  await expect.poll(async () => (await fourth.page('/readyz')).body).toBe('no run has been published yet\n')
  await fourth.stop()
  expect(fourth.lines.map(({ message }) => message)).not.toContain('run started')
  expect(JSON.parse((await here.dwh(['history', '--json'])).stdout)).toHaveLength(2)
})

test('Postgres stops, then starts: retries, failed alert, recovered alert', async () => {
  const options = { folder: await temporaryFolder() }
  // the server runs as another user, who must reach its folder
  await chmod(options.folder, 0o755)
  let server = await startTestServer(options)
  const port = server.port
  const url = server.url('postgres')
  try {
    await withClient(url, (client) => client.query(SHOP))
    const hook = await webhookReceiver()
    const here = await place({
      DATABASE_URL: url,
      DWH_WEBHOOK_URL: hook.url,
      DWH_RETRIES: '1',
      DWH_RETRY_DELAY: '500ms',
      ...SELDOM,
    })
    expect((await here.dwh(['run'])).code).toBe(0)
    await server.stop()
    const scheduler = here.scheduler({ RUN_ON_START: 'true', DWH_RETRIES: '2' })
    await hook.received('failed')
    const ended = scheduler.lines.filter(({ message }) => message.startsWith('run ended'))
    expect(ended.map(({ result, level }) => [result, level])).toEqual(Array(3).fill(['failed', 'error']))
    expect(hook.kinds).toEqual(['failed'])
    expect(hook.messages[0]?.attachments[0].text).toContain(`127.0.0.1:${port}`)
    expect((await scheduler.page('/metrics')).body).toContain('dwh_job_consecutive_failures{job="run"} 3\n')
    await scheduler.stop()

    server = await startTestServer({ ...options, port })
    const again = here.scheduler({ RUN_ON_START: 'true' })
    await hook.received('recovered')
    expect(hook.kinds).toEqual(['failed', 'recovered'])
    await again.stop()
    const all = JSON.stringify([...scheduler.lines, ...again.lines, hook.messages])
    expect(all).not.toContain('/hook')
    expect(all).not.toContain(server.password)
  } finally {
    await server.stop()
  }
})

test('rows and columns change unexpectedly: alert after the run', async () => {
  const database = await testDatabase(SHOP)
  const hook = await webhookReceiver()
  const here = await place({ DATABASE_URL: database.url, DWH_WEBHOOK_URL: hook.url, ...SELDOM })
  expect((await here.dwh(['run'])).code).toBe(0)
  await database.query('DELETE FROM orders WHERE id > 10; ALTER TABLE customers DROP COLUMN name')
  const scheduler = here.scheduler({ RUN_ON_START: 'true' })
  await hook.received('changed')
  expect(hook.messages[0]?.attachments[0].text.split('\n')).toEqual([
    'customers: column name was removed',
    'orders: 10 rows, it had 1000 (-99 %)',
  ])
  await scheduler.stop()
})

test('partial run: alert, and one attempt for each scheduled time', async () => {
  const database = await testDatabase(SHOP)
  const hook = await webhookReceiver()
  const here = await place({
    DATABASE_URL: database.url,
    DWH_WEBHOOK_URL: hook.url,
    DWH_ON_TABLE_ERROR: 'keep-previous',
    DWH_LOCK_TIMEOUT: '200ms',
    ...SELDOM,
  })
  await withClient(database.url, async (client) => {
    expect((await here.dwh(['run'])).code).toBe(0)
    await client.query('DELETE FROM orders WHERE id = 1')
    await client.query('BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE')
    const scheduler = here.scheduler({ RUN_ON_START: 'true' })
    await hook.received('partial')
    expect(await scheduler.line('run ended')).toMatchObject({ result: 'partial', level: 'warn' })
    expect((await scheduler.page('/metrics')).body).toContain('dwh_table_shows_previous{table="orders"} 1\n')
    await scheduler.stop()
    // the restarted scheduler does not try this scheduled time again
    const again = here.scheduler()
    await again.line('no run is due')
    await again.stop()
  })
})

test('run hangs: stale alert while it is still running', async () => {
  const database = await testDatabase(SHOP)
  const hook = await webhookReceiver()
  const here = await place({
    DATABASE_URL: database.url,
    DWH_WEBHOOK_URL: hook.url,
    DWH_LOCK_TIMEOUT: '1h',
    DWH_STALE_AFTER: '1s',
  })
  expect((await here.dwh(['run'])).code).toBe(0)
  await withClient(database.url, async (client) => {
    await client.query('DELETE FROM orders WHERE id = 1')
    await client.query('BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE')
    const scheduler = here.scheduler({ DWH_SCHEDULE: '*/3 * * * * *' })
    await hook.received('stale')
    expect(scheduler.lines.filter(({ message }) => message.startsWith('run ended'))).toEqual([])
    expect(await scheduler.page('/readyz')).toMatchObject({ status: 503, body: expect.stringMatching(/^stale since/) })
    await client.query('COMMIT')
    await hook.received('fresh')
    await scheduler.stop()
  })
})

test('run exceeds its deadline: stopped, and its lease is released', async () => {
  const database = await testDatabase(SHOP)
  const here = await place({
    DATABASE_URL: database.url,
    DWH_DEADLINE: '2s',
    DWH_LOCK_TIMEOUT: '1h',
    DWH_RETRIES: '0',
    ...SELDOM,
  })
  await withClient(database.url, async (client) => {
    await client.query('BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE')
    const scheduler = here.scheduler()
    const ended = await scheduler.line('run ended')
    expect(ended).toMatchObject({
      result: 'timeout',
      error: { message: 'dwh did not finish within 2 s and was stopped' },
    })
    expect(await isReleased(here.folder)).toBe(true)
    await scheduler.stop()
  })
  expect((await here.dwh(['run'])).code).toBe(0)
})

test('SIGTERM during a run: ends within 10 s, and its lease is released', async () => {
  const database = await testDatabase(SHOP)
  const here = await place({ DATABASE_URL: database.url, DWH_LOCK_TIMEOUT: '1h', ...SELDOM })
  await withClient(database.url, async (client) => {
    await client.query('BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE')
    const scheduler = here.scheduler()
    await scheduler.line('✓ customers')
    const { code, ms } = await scheduler.stop()
    expect(code).toBe(0)
    expect(ms).toBeLessThan(10_000)
    expect(await scheduler.line('run ended')).toMatchObject({ result: 'stopped' })
    expect(await isReleased(here.folder)).toBe(true)
  })
})

test('run is killed: retried', async () => {
  const database = await testDatabase(SHOP)
  const here = await place({ DATABASE_URL: database.url, DWH_LOCK_TIMEOUT: '1h', DWH_RETRY_DELAY: '100ms', ...SELDOM })
  await withClient(database.url, async (client) => {
    await client.query('BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE')
    const scheduler = here.scheduler()
    const running = () => childOf(scheduler.process.pid as number, 'run')
    await expect.poll(running).not.toBeNull()
    const pid = (await running()) as number
    process.kill(pid, 'SIGKILL')
    expect(await scheduler.line('run ended')).toMatchObject({
      result: 'failed',
      error: { message: 'dwh was killed by SIGKILL' },
    })
    await client.query('COMMIT')
    await scheduler.line('run ended: success')
    await scheduler.stop()
  })
})

/** The process id of the command that a scheduler has started; null while there is none. */
async function childOf(parent: number, command: string): Promise<number | null> {
  const text = await readFile(`/proc/${parent}/task/${parent}/children`, 'utf8')
  for (const pid of text.trim().split(' ').filter(Boolean)) {
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    if (line.split('\0').includes(command)) return Number(pid)
  }
  return null
}

test('two schedulers, one warehouse, a run every two seconds: one run for each time', async () => {
  const database = await testDatabase('CREATE TABLE one AS SELECT 1 AS id')
  const here = await place({ DATABASE_URL: database.url, DWH_SCHEDULE: '*/2 * * * * *' })
  const both = [here.scheduler(), here.scheduler()]
  const published = () =>
    both.flatMap(({ lines }) => lines.filter(({ result, job }) => job === 'run' && result === 'success'))
  await expect.poll(() => published().length).toBeGreaterThan(4)
  for (const scheduler of both) expect(await scheduler.stop()).toMatchObject({ code: 0 })
  const starts = published().map(({ run_id }) => Number(String(run_id).slice(13, 15)))
  const windows = starts.map((second) => Math.floor(second / 2))
  // the first run catches up: it counts for the time before the start, which has no other run
  expect(new Set(windows).size).toBe(windows.length)
})

test('some tables every two seconds: read between runs of all, which they do not replace', async () => {
  const database = await testDatabase(`${SHOP}; ALTER TABLE customers ADD PRIMARY KEY (id);
    UPDATE orders SET customer = 1 + customer; ALTER TABLE orders ADD FOREIGN KEY (customer) REFERENCES customers;
    CREATE TABLE "-odd" AS SELECT 1 AS id`)
  const here = await place({ DATABASE_URL: database.url, ...SELDOM })
  const tables = [{ run: '*/2 * * * * *', tables: ['orders', '-odd'] }]
  await writeFile(join(here.folder, 'dwh.json'), JSON.stringify({ schedule: { tables } }))
  const some = { job: 'tables', schedule: 'orders, -odd' }
  // the first run of the warehouse is one of some tables
  const first = here.scheduler({ DWH_SCHEDULE: '0 0 1 1 *', DWH_CATCH_UP: 'false' })
  expect(await first.line('run of orders, -odd ended')).toMatchObject({ ...some, result: 'success', tables: 2 })
  expect(await first.page('/readyz')).toEqual({
    status: 503,
    body: 'no run of all tables has been published yet\n',
  })
  await first.stop()
  expect(first.lines[0]).toMatchObject({ tables: { 'orders, -odd': expect.any(String) } })

  // a restart catches up on the run of all tables
  const second = here.scheduler()
  expect(await second.line('run ended')).toMatchObject({ job: 'run', result: 'success', tables: 3 })
  const from = second.lines.length
  expect(await second.line('run of orders, -odd ended', from)).toMatchObject({ ...some, result: 'success', tables: 2 })
  await second.line('run of orders, -odd started', second.lines.length)
  const { body } = await second.page('/metrics')
  expect(body).toMatch(/^dwh_job_outcomes_total\{job="tables",schedule="orders, -odd",outcome="success"\} [1-9]/m)
  expect(body).toContain('dwh_job_outcomes_total{job="run",outcome="success"} 1\n')
  expect((await second.page('/readyz')).status).toBe(200)
  await second.stop()
  const said = second.lines.filter(({ message }) => message.includes('orders refers to customers'))
  expect(said.map(({ level, job }) => [level, job])).toEqual([['warn', 'tables']])
  expect([...first.lines, ...second.lines].filter(({ result }) => result === 'locked')).toEqual([])
  const status = JSON.parse((await here.dwh(['status', '--json'])).stdout)
  expect(status.run_id > status.last_run_of_all.run_id).toBe(true)
  expect((await here.dwh(['status'])).stdout).toContain(status.last_run_of_all.run_id)

  // after another restart, no run of all tables is due
  const third = here.scheduler()
  await third.line('no run is due')
  await third.stop()
  expect(third.lines.map(({ message }) => message)).not.toContain('run started')
})

test('prune and verify: old days are removed, damage causes an alert', async () => {
  const database = await testDatabase(SHOP)
  const hook = await webhookReceiver()
  const here = await place({ DATABASE_URL: database.url, DWH_WEBHOOK_URL: hook.url, DWH_KEEP_DAILY: '1', ...SELDOM })
  for (const date of ['2026-02-17', '2026-02-18']) expect((await here.dwh(['run', '--date', date])).code).toBe(0)
  const scheduler = here.scheduler({
    DWH_CATCH_UP: 'false',
    DWH_PRUNE_SCHEDULE: '* * * * * *',
    DWH_VERIFY_SCHEDULE: '* * * * * *',
    DWH_VERIFY_SAMPLE: '100%',
  })
  expect(await scheduler.line('prune ended')).toMatchObject({ result: 'success', removed: ['2026-02-17'] })
  const pruned = (await scheduler.page('/metrics')).body
  expect(pruned).toContain('dwh_warehouse_days 1\n')
  expect(pruned).toMatch(/^dwh_job_outcomes_total\{job="prune",outcome="success"\} [1-9]/m)
  expect(await scheduler.line('verify ended')).toMatchObject({ result: 'success', problems: 0 })
  expect((await scheduler.page('/metrics')).body).toContain('dwh_verify_problems{kind="damaged"} 0\n')
  await writeFile(join(here.folder, 'warehouse/orders/2026/02/18.parquet'), 'no Parquet')
  await hook.received('failed')
  expect(hook.messages.at(-1)?.text).toBe('*dwh: dwh verify found damage in the warehouse*')
  expect((await scheduler.page('/metrics')).body).toContain('dwh_verify_problems{kind="damaged"} 1\n')
  await scheduler.stop()
})

test('run every second that takes longer: the schedule goes on', async () => {
  const database = await testDatabase('CREATE TABLE slow AS SELECT 1 AS id')
  const here = await place({ DATABASE_URL: database.url, ...EVERY_SECOND })
  const scheduler = here.scheduler()
  await expect.poll(() => scheduler.lines.filter(({ result }) => result === 'success').length).toBeGreaterThan(3)
  expect(await scheduler.stop()).toMatchObject({ code: 0 })
  expect(scheduler.lines.filter(({ result }) => result === 'locked')).toEqual([])
})

describe('wrong settings: ends at once with the reason', () => {
  test.each([
    [{}, 'no source: name the Postgres to read'],
    [{ DATABASE_URL: 'postgres://x/y', DWH_SCHEDULE: 'sometimes' }, 'schedule.run "sometimes"'],
    [{ DATABASE_URL: 'postgres://x/y', DWH_CONFIG: 'nowhere.yaml' }, 'nowhere.yaml: no such file'],
  ])('%j', async (env, message) => {
    const here = await place()
    const scheduler = here.scheduler(env)
    await expect(scheduler.line('never')).rejects.toThrow()
    expect(await scheduler.stop()).toMatchObject({ code: 2 })
    expect(scheduler.stderr()).toMatch(/^error: .*\n {2}\S/)
    expect(scheduler.stderr()).toContain(message)
  })

  test('port in use', async () => {
    const hook = await webhookReceiver()
    const here = await place({ DATABASE_URL: 'postgres://x/y', DWH_LISTEN: new URL(hook.url).host })
    const scheduler = here.scheduler()
    await expect(scheduler.line('never')).rejects.toThrow()
    expect(await scheduler.stop()).toMatchObject({ code: 2 })
    expect(scheduler.stderr()).toContain('EADDRINUSE')
  })
})
