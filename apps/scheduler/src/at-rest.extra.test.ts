import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { testDatabase } from '@dwh/test-kit'
import { expect, test } from 'vitest'
import { place } from './scheduler.test-support.ts'

const MOST_BYTES = 70e6
const WATCHED_MS = 65_000

/** Of CPU time, in hundredths of a second: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html, fields 14 and 15. */
async function ticksOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return Number(fields[11]) + Number(fields[12])
}

test('at rest: at most 70 MB, and no CPU', async () => {
  const database = await testDatabase('CREATE TABLE one AS SELECT 1 AS id')
  const here = await place({ DATABASE_URL: database.url, DWH_SCHEDULE: '0 0 1 1 *' })
  expect((await here.dwh(['run'])).code).toBe(0)
  const scheduler = here.scheduler()
  await scheduler.line('no run is due')
  await scheduler.page('/metrics')
  const pid = scheduler.process.pid as number
  const before = await ticksOf(pid)
  // more than a minute: it looks at the clock once in each
  await sleep(WATCHED_MS)
  const ticks = (await ticksOf(pid)) - before
  const [, resident] = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? []
  console.log(
    `${Math.round((Number(resident) * 1024) / 1e6)} MB resident, ${ticks * 10} ms of CPU in ${WATCHED_MS / 1000} s`,
  )
  expect(Number(resident) * 1024).toBeLessThan(MOST_BYTES)
  // a thousandth
  expect(ticks).toBeLessThanOrEqual(6)
  expect(await scheduler.stop()).toMatchObject({ code: 0 })
}, 120_000)
