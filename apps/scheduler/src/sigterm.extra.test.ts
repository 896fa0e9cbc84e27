import { startS3Server } from '@dwh/s3-server'
import { suiteCount, testDatabase, withClient } from '@dwh/test-kit'
import { expect, onTestFinished, test } from 'vitest'
import { type Place, place, type RunningScheduler } from './scheduler.test-support.ts'

const TIMES = suiteCount('scheduler-sigterm')
/** How many of the moments are after the run of the scheduler. */
const AFTER_ITS_RUN = Math.max(1, Math.round(TIMES / 16))
/** This moment is during its run, however fast the machine is: a table is locked. */
const HELD = Math.floor(TIMES / 2)
const MOST_MS_OF_A_MOMENT = 15_000

const TABLES = Array.from(
  { length: 6 },
  (_, number) =>
    `CREATE TABLE t${number} AS SELECT i AS id, md5(i::text) AS hash FROM generate_series(1, ${1000 + number * 8000}) i;`,
).join('\n')

const CHANGE = Array.from({ length: 6 }, (_, number) => `UPDATE t${number} SET hash = md5(hash)`).join(';')

const STORES: [name: string, open: () => Promise<Record<string, string>>][] = [
  ['folder', async () => ({})],
  [
    'bucket',
    async () => {
      const server = await startS3Server({ buckets: ['lake'] })
      onTestFinished(() => server.close())
      return {
        DWH_STORAGE: 's3://lake',
        S3_ENDPOINT: server.url,
        S3_REGION: 'us-east-1',
        AWS_ACCESS_KEY_ID: server.credential.accessKeyId,
        AWS_SECRET_ACCESS_KEY: server.credential.secretAccessKey,
      }
    },
  ],
]

/** A smoke test uses only the bucket, where requests may be cut off too. */
const CHOSEN = TIMES < 10 ? STORES.slice(-1) : STORES

test.each(CHOSEN)(
  `SIGTERM at ${TIMES} moments, %s: ends within 10 s, and the next run is clean`,
  async (_, open) => {
    const database = await testDatabase(TABLES)
    const here = await place({ DATABASE_URL: database.url, ...(await open()) })
    const wholeMs = await timeOf(here)
    const slowest = { ms: 0 }
    const phases: Record<string, number> = {}
    const start = () => here.scheduler({ RUN_ON_START: 'true', DWH_SCHEDULE: '0 0 1 1 *' })
    const stop = async (scheduler: RunningScheduler) => ({ scheduler, ...(await scheduler.stop()) })
    const stopAt = async (time: number) => {
      const scheduler = start()
      // evenly from the start on; the last moments wait for the end of the run, in case the machine has become slow
      if (time >= TIMES - AFTER_ITS_RUN) await scheduler.line('run ended')
      else await new Promise((resolve) => setTimeout(resolve, ((time + 0.5) / TIMES) * wholeMs))
      return stop(scheduler)
    }
    const stopWhileLocked = () =>
      withClient(database.url, async (client) => {
        await client.query('BEGIN; LOCK TABLE t5')
        const scheduler = start()
        await scheduler.line('run started')
        return stop(scheduler)
      })
    for (let time = 0; time < TIMES; time += 1) {
      // so that the run reads them all
      await database.query(CHANGE)
      const { code, ms, scheduler } = time === HELD ? await stopWhileLocked() : await stopAt(time)
      const said = scheduler.lines
        .map(({ message }) => message)
        .filter((message) => !/(^ended|: ending)$/.test(message))
      const last = said.at(-1)?.replace(/^[✓✗] .*/, 'a table') ?? 'before its first line'
      phases[last] = (phases[last] ?? 0) + 1
      expect({ time, code: code === 0 || (code === null && scheduler.lines.length === 0) }).toEqual({
        time,
        code: true,
      })
      slowest.ms = Math.max(slowest.ms, ms)
      await expectClean(here)
    }
    console.log(`slowest ${Math.round(slowest.ms)} ms; ended after`, phases)
    expect(slowest.ms).toBeLessThan(10_000)
    // some moments were during a run, some after it
    expect(phases).toMatchObject({ 'run ended: stopped': expect.any(Number), 'run ended: success': expect.any(Number) })
    const verified = await here.dwh(['verify', '--json'])
    expect(JSON.parse(verified.stdout)).toMatchObject({ problems: [], orphans: [] })
  },
  120_000 + TIMES * MOST_MS_OF_A_MOMENT,
)

/** Expects that the next run succeeds without waiting for the lease of another. */
async function expectClean(here: Place): Promise<void> {
  const next = await here.dwh(['run', '--json'])
  expect(next).toMatchObject({ code: 0, stderr: expect.not.stringContaining('may still be in progress') })
}

/** Measures the time from the start of a scheduler to the end of its run. */
async function timeOf(here: Place): Promise<number> {
  const begun = performance.now()
  const scheduler = here.scheduler({ RUN_ON_START: 'true', DWH_SCHEDULE: '0 0 1 1 *' })
  await scheduler.line('run ended')
  const ms = performance.now() - begun
  await scheduler.stop()
  return ms
}
