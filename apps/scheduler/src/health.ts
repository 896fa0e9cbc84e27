import type { SchedulerSettings } from './settings.ts'
import type { SchedulerState } from './state.ts'
import { lastRun } from './warehouse-view.ts'

export interface Health {
  readonly ok: boolean
  readonly message: string
}

/** The timer wakes up every minute; after this long without waking it is considered stuck. */
const SILENT_MS = 5 * 60_000

/**
 * Whether the scheduler process is healthy: it wakes up in time, or waits for a command. Failing jobs do not make it
 * unhealthy.
 * @param silentMs time since it last woke up, by a monotonic clock
 */
export function liveness(silentMs: number, commandsUnderWay: number): Health {
  if (commandsUnderWay > 0 || silentMs < SILENT_MS) return { ok: true, message: 'ok' }
  return { ok: false, message: `the scheduler has not woken up for ${Math.round(silentMs / 60_000)} min` }
}

/**
 * Whether the warehouse is ready to be queried: it has a good run of all tables, if they are scheduled, and is not stale.
 */
export function readiness({ view, staleSince }: SchedulerState, { schedules }: SchedulerSettings): Health {
  if (view === null) return { ok: false, message: 'the warehouse has not been read yet' }
  if (view.lastRunAt === null) return { ok: false, message: 'no run has been published yet' }
  const last = schedules.run === null ? { at: view.lastRunAt } : lastRun(view)
  if (last === null) return { ok: false, message: 'no run of all tables has been published yet' }
  const good = `last good run ${last.at.toISOString()}`
  if (staleSince !== null) return { ok: false, message: `stale since ${staleSince.toISOString()}: ${good}` }
  return { ok: true, message: `fresh: ${good}` }
}
