import type { Outcome } from './outcome.ts'
import { isRun, type Job, jobsOf, type SchedulerSettings, someTablesOf } from './settings.ts'
import { historyOf, type JobHistory, type SchedulerState } from './state.ts'
import { coveredSince, someCoveredSince, someTriedSince, triedSince } from './warehouse-view.ts'

/*
 * Decides what to do and when. Pure functions of the state, without a clock or effects. A run is due once the first
 * scheduled time after the start of the warehouse's last run has passed: for the run of all tables, the last one of all
 * tables; for a run of some, the last one that read them all. So a scheduler that was down knows what it missed, and of
 * two schedulers the second finds nothing to do.
 */

/** Delay before the next attempt when another run holds the lease; doubled each time, up to eight minutes. */
const LOCKED_MS = 30_000
const MOST_DOUBLINGS = 4
/** Longest delay between two retries. */
const MOST_DELAY_MS = 3_600_000
/** How often to read the warehouse while it is stale or unreadable, or another scheduler runs it. */
const LOOK_MS = 10 * 60_000

export function startState(settings: SchedulerSettings, now: Date): SchedulerState {
  const { runOnStart, catchUp, schedules } = settings
  const dueOf = (job: Job) => {
    const schedule = schedules[job] ?? null
    const atOnce = isRun(job) && schedule !== null && catchUp
    return atOnce || (job === 'run' && runOnStart) ? now : (schedule?.next(now) ?? null)
  }
  const due = Object.fromEntries(jobsOf(settings).map((job) => [job, dueOf(job)])) as SchedulerState['due']
  return {
    startedAt: now,
    due: { ...due, look: null },
    forced: runOnStart,
    running: null,
    view: null,
    seen: false,
    staleSince: null,
    failedBefore: false,
    partial: null,
    jobs: {},
  }
}

/** Returns the next job and when it is due; null if nothing is scheduled. */
export function nextDue({ due }: SchedulerState): { readonly what: Job | 'look'; readonly at: Date } | null {
  const all = (Object.keys(due) as (Job | 'look')[]).flatMap((what) => {
    const at = due[what]
    return at ? [{ what, at }] : []
  })
  // if several are due at the same time, the first of them
  return all.reduce<(typeof all)[number] | null>((first, next) => (first && first.at <= next.at ? first : next), null)
}

/** Whether the due run is still needed, after reading the warehouse. */
export function isWanted(
  { forced, view, seen }: SchedulerState,
  settings: SchedulerSettings,
  job: Job,
  now: Date,
): boolean {
  const schedule = settings.schedules[job]
  if ((forced && job === 'run') || !seen || view === null || !schedule) return true
  const some = someTablesOf(job, settings)
  const tried = some === null ? triedSince(view, now) : someTriedSince(view, some.patterns, now)
  return tried === null || schedule.next(tried) <= now
}

/** Skips a due run that is no longer needed, since another one was made. */
export function skipRun(state: SchedulerState, settings: SchedulerSettings, job: Job, now: Date): SchedulerState {
  return {
    ...state,
    due: { ...state.due, [job]: settings.schedules[job]?.next(now) ?? null },
    jobs: { ...state.jobs, [job]: { ...historyOf(state, job), retry: 0, locked: 0 } },
  }
}

/** When the warehouse becomes stale: `staleAfterMs` after the first scheduled time that no run covers. Null: never. */
function staleAt({ view, startedAt }: SchedulerState, settings: SchedulerSettings, now: Date): Date | null {
  const { schedules, catchUp, runOnStart, staleAfterMs } = settings
  if (schedules.run === null) return null
  const covered = view && coveredSince(view, now)
  const atOnce = catchUp || runOnStart
  const wanted = covered ? schedules.run.next(covered) : atOnce ? startedAt : schedules.run.next(startedAt)
  return new Date(wanted.getTime() + staleAfterMs)
}

/**
 * Updates the state after reading the warehouse, or failing to: whether it is stale, when to read it again, and whether
 * another scheduler or person has made the run that failed here.
 */
export function afterLook(state: SchedulerState, settings: SchedulerSettings, now: Date): SchedulerState {
  const at = staleAt(state, settings, now)
  const stale = at !== null && at <= now
  return {
    ...state,
    jobs: mended(state, settings, now),
    staleSince: stale ? (state.staleSince ?? now) : null,
    due: { ...state.due, look: at === null || stale || !state.seen ? new Date(now.getTime() + LOOK_MS) : at },
  }
}

/** Forgets the failures of runs that were made since: by hand, by another scheduler, or as a part of all tables. */
function mended({ jobs, view }: SchedulerState, settings: SchedulerSettings, now: Date): SchedulerState['jobs'] {
  if (view === null) return jobs
  const entries = (Object.keys(jobs) as Job[]).map((job) => {
    const history = historyOf({ jobs }, job)
    if (history.failing === null || !isRun(job)) return [job, history]
    const some = someTablesOf(job, settings)
    const covered = some === null ? coveredSince(view, now) : someCoveredSince(view, some.patterns, now)
    const made = covered !== null && covered >= history.failing.since
    return [job, made ? { ...history, failures: 0, failing: null } : history]
  })
  return Object.fromEntries(entries)
}

/** Updates the state after the clock was set back: nothing is due later than its next scheduled time. */
export function afterClockChange(state: SchedulerState, settings: SchedulerSettings, now: Date): SchedulerState {
  const sooner = (job: Job): [Job, Date | null] => {
    const [due, next] = [state.due[job] ?? null, settings.schedules[job]?.next(now) ?? null]
    return [job, due !== null && next !== null && next < due ? next : due]
  }
  return { ...state, due: { ...state.due, ...Object.fromEntries(jobsOf(settings).map(sooner)) } }
}

export function startJob(state: SchedulerState, job: Job): SchedulerState {
  return { ...state, running: job }
}

/** Updates the state after a job has ended: its history, and when it is due next. */
export function afterJob(
  state: SchedulerState,
  settings: SchedulerSettings,
  job: Job,
  outcome: Outcome,
  now: Date,
): SchedulerState {
  const { result, durationMs } = outcome
  const history = historyOf(state, job)
  const good = result === 'success' || result === 'partial'
  const bad = !good && result !== 'locked' && result !== 'stopped'
  const failures = good ? 0 : history.failures + (bad ? 1 : 0)
  const { at, retry } = dueAfter(history, settings, job, outcome, now)
  return {
    ...state,
    running: null,
    forced: job === 'run' && good ? false : state.forced,
    failedBefore: job === 'run' && good ? false : state.failedBefore,
    due: { ...state.due, [job]: at },
    jobs: {
      ...state.jobs,
      [job]: {
        ...history,
        outcomes: { ...history.outcomes, [result]: (history.outcomes[result] ?? 0) + 1 },
        failures,
        retry,
        locked: result === 'locked' ? history.locked + 1 : 0,
        ...(good ? { lastSuccessAt: now, lastDurationMs: durationMs } : {}),
        ...(job === 'verify' ? { problems: problemsOf(outcome) ?? history.problems } : {}),
        failing: bad
          ? {
              since: history.failing?.since ?? now,
              message: messageOf(outcome),
              alertedAt: history.failing?.alertedAt ?? null,
            }
          : good
            ? null
            : history.failing,
      },
    },
  }
}

function dueAfter(
  { retry, locked }: JobHistory,
  settings: SchedulerSettings,
  job: Job,
  { result, startedAt }: Outcome,
  now: Date,
): { readonly at: Date | null; readonly retry: number } {
  const { schedules, retries, retryDelayMs } = settings
  const schedule = schedules[job] ?? null
  const scheduled = schedule?.next(now) ?? null
  if (result === 'success' || result === 'partial') {
    // a scheduled time that passed during the run is caught up once, but one of some tables is skipped
    const isCaughtUp = someTablesOf(job, settings) === null
    return { at: isCaughtUp ? (schedule?.next(startedAt) ?? null) : scheduled, retry: 0 }
  }
  if (result === 'locked')
    return sooner(new Date(now.getTime() + LOCKED_MS * 2 ** Math.min(locked, MOST_DOUBLINGS)), scheduled, retry)
  const again = isRun(job) && (result === 'failed' || result === 'timeout') && retry < retries
  if (!again) return { at: scheduled, retry: 0 }
  const delayMs = Math.min(retryDelayMs * 2 ** Math.min(retry, 30), MOST_DELAY_MS)
  return sooner(new Date(now.getTime() + delayMs), scheduled, retry + 1)
}

/** More times are not counted. */
const MOST_SKIPPED = 1000

/** Counts the scheduled times that passed during a run of some tables, and get no run; 0 for any other job. */
export function skippedTimes(settings: SchedulerSettings, job: Job, startedAt: Date, now: Date): number {
  const schedule = settings.schedules[job]
  if (!schedule || someTablesOf(job, settings) === null) return 0
  let skipped = 0
  for (let at = schedule.next(startedAt); at <= now && skipped < MOST_SKIPPED; at = schedule.next(at)) skipped += 1
  return skipped
}

/** Chooses the earlier of the retry and the scheduled time; the scheduled time resets the retries. */
function sooner(again: Date, scheduled: Date | null, retry: number) {
  return scheduled !== null && scheduled <= again ? { at: scheduled, retry: 0 } : { at: again, retry }
}

function messageOf({ error, result, answer }: Outcome): string {
  if (result === 'damaged') {
    const { problems = [] } = answer as Partial<VerifyAnswer>
    return `${problems.length} damaged files or records: ${problems[0]?.message ?? ''}`
  }
  return error?.message ?? `dwh ended without an error message (${result})`
}

interface VerifyAnswer {
  readonly problems: readonly { readonly kind: string; readonly message: string }[]
}

function problemsOf({ result, answer }: Outcome): Record<string, number> | null {
  if (result === 'success') return {}
  if (result !== 'damaged') return null
  const counts: Record<string, number> = {}
  for (const { kind } of (answer as Partial<VerifyAnswer>).problems ?? []) counts[kind] = (counts[kind] ?? 0) + 1
  return counts
}
