import type { SchedulerState } from './state.ts'

export interface Health {
  readonly ok: boolean
  readonly message: string
}

/** The timer looks at the clock every minute. */
const SILENT_MS = 5 * 60_000

/**
 * Whether the scheduler itself is at work: it wakes up in time, or waits for a command. What becomes of its jobs is no question of its health.
 * @param silentMs since it was awake, by a clock that nobody sets
 */
export function liveness(silentMs: number, commandsUnderWay: number): Health {
  if (commandsUnderWay > 0 || silentMs < SILENT_MS) return { ok: true, message: 'ok' }
  return { ok: false, message: `the timer has been silent for ${Math.round(silentMs / 60_000)} min` }
}

/** Whether answers of the warehouse can be relied on: there is a good run, and it is not stale. */
export function readiness({ view, staleSince }: SchedulerState): Health {
  if (view === null) return { ok: false, message: 'the warehouse has not been read yet' }
  if (view.lastRunAt === null) return { ok: false, message: 'no run has been published yet' }
  if (staleSince !== null)
    return {
      ok: false,
      message: `stale since ${staleSince.toISOString()}: last good run ${view.lastRunAt.toISOString()}`,
    }
  return { ok: true, message: `fresh: last good run ${view.lastRunAt.toISOString()}` }
}
