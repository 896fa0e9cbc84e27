import { expect, test } from 'vitest'
import type { Outcome } from './outcome.ts'
import { makeScheduler } from './scheduler.ts'
import { SETTINGS } from './view.test-support.ts'

const WRONG = new Date('2031-05-05T12:00Z')
const RIGHT = new Date('2026-11-21T12:00Z')

/** Runs a scheduler whose clock is years ahead at the start and is corrected while the first `job` runs. */
async function start(job: string): Promise<Record<string, string | undefined>> {
  let now = WRONG
  const controller = new AbortController()
  const scheduler = makeScheduler({
    settings: SETTINGS,
    clock: () => now,
    log: () => {},
    alert: () => {},
    signal: controller.signal,
    dwh: async ([command]) => {
      const outcome: Outcome = { result: 'failed', answer: null, error: null, startedAt: now, durationMs: 1 }
      if (command === job) now = RIGHT
      return command === 'run' ? { ...outcome, result: 'success', answer: {} } : outcome
    },
    wait: async (until, over) => {
      // a wait beside a job lasts until the job ends
      if (over !== controller.signal)
        return new Promise((resolve) => over.addEventListener('abort', () => resolve(), { once: true }))
      if (until === null || until > now) controller.abort()
    },
  })
  await scheduler.run()
  return Object.fromEntries(
    Object.entries(scheduler.state().due).map(([what, at]) => [what, at?.toISOString().slice(0, 16)]),
  )
}

test.each(['status', 'run'])(
  'clock years ahead, corrected during `dwh %s`: every job is due by the right clock',
  async (job) => {
    expect(await start(job)).toEqual({
      run: '2026-11-22T03:00',
      prune: '2026-11-22T04:00',
      verify: '2026-11-22T05:00',
      look: '2026-11-21T12:10',
    })
  },
)
