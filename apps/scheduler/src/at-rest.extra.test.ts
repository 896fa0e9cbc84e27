import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { suiteCount, testDatabase } from '@dwh/test-kit'
import { expect, test } from 'vitest'
import { place } from './scheduler.test-support.ts'

const MOST_BYTES = 70e6
const WATCHED_SECONDS = suiteCount('scheduler-at-rest')
/**
 * Allows for checking the clock once a minute, and for what Node itself does. A loop that checked every second would
 * wake once for each second.
 */
const MOST_WAKES = 10 + (40 / 65) * WATCHED_SECONDS

interface Use {
  /**
   * CPU time: fields 14 and 15, in hundredths of a second, of
   * https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html.
   */
  readonly ms: number
  /** How often the main thread waited for something to do. Other load on the machine does not change it. */
  readonly wakes: number
  readonly residentBytes: number
}

async function useOf(pid: number): Promise<Use> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const named = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1])
  return {
    ms: (Number(fields[11]) + Number(fields[12])) * 10,
    wakes: named('voluntary_ctxt_switches'),
    residentBytes: named('VmRSS') * 1024,
  }
}

test(
  'at rest: at most 70 MB, and no CPU',
  async () => {
    const database = await testDatabase('CREATE TABLE one AS SELECT 1 AS id')
    const here = await place({ DATABASE_URL: database.url, DWH_SCHEDULE: '0 0 1 1 *' })
    expect((await here.dwh(['run'])).code).toBe(0)
    const scheduler = here.scheduler()
    await scheduler.line('no run is due')
    await scheduler.page('/metrics')
    const pid = scheduler.process.pid as number
    const before = await useOf(pid)
    // more than a minute, because the scheduler checks the clock once a minute
    await sleep(WATCHED_SECONDS * 1000)
    const { ms, wakes, residentBytes } = await useOf(pid)
    const [cpuMs, woken] = [ms - before.ms, wakes - before.wakes]
    console.log(
      `${Math.round(residentBytes / 1e6)} MB resident; in ${WATCHED_SECONDS} s ${cpuMs} ms of CPU, woken ${woken} times`,
    )
    expect(residentBytes).toBeLessThan(MOST_BYTES)
    expect(woken).toBeLessThan(MOST_WAKES)
    expect(Math.round(cpuMs / 10 / WATCHED_SECONDS)).toBe(0)
    expect(await scheduler.stop()).toMatchObject({ code: 0 })
  },
  120_000 + WATCHED_SECONDS * 1000,
)
