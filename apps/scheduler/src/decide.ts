import type { Outcome } from './outcome.ts'
import { JOBS, type Job, type SchedulerSettings } from './settings.ts'
import { NEW_JOB, type SchedulerState } from './state.ts'
import { coveredSince, triedSince } from './warehouse-view.ts'

/*
 * Decides what to do and when. Pure functions of the state, without a clock or effects. A run is due once the first
 * scheduled time after the start of the warehouse's last run has passed. So a scheduler that was down knows what it
 * missed, and of two schedulers the second finds nothing to do.
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
  const after = (job: Job) => schedules[job]?.next(now) ?? null
  const atOnce = runOnStart || (catchUp && schedules.run !== null)
  return {
    startedAt: now,
    due: { run: atOnce ? now : after('run'), prune: after('prune'), verify: after('verify'), look: null },
    forced: runOnStart,
    retry: 0,
    locked: 0,
    running: null,
    view: null,
    seen: false,
    staleSince: null,
    failedBefore: false,
    partial: null,
    jobs: { run: NEW_JOB, prune: NEW_JOB, verify: NEW_JOB },
  }
}

/** Returns the next job and when it is due; null if nothing is scheduled. */
export function nextDue({ due }: SchedulerState): { readonly what: Job | 'look'; readonly at: Date } | null {
  const all = ([...JOBS, 'look'] as const).flatMap((what) => {
    const at = due[what]
    return at === null ? [] : [{ what, at }]
  })
  // if several are due at the same time, the first of them
  return all.reduce<(typeof all)[number] | null>((first, next) => (first && first.at <= next.at ? first : next), null)
}

/** Whether the due run is still needed, after reading the warehouse. */
export function isWanted({ forced, view, seen }: SchedulerState, { schedules }: SchedulerSettings, now: Date): boolean {
  if (forced || !seen || view === null || schedules.run === null) return true
  const tried = triedSince(view, now)
  return tried === null || schedules.run.next(tried) <= now
}

/** Skips a due run that is no longer needed, since another one was made. */
export function skipRun(state: SchedulerState, settings: SchedulerSettings, now: Date): SchedulerState {
  return { ...state, retry: 0, locked: 0, due: { ...state.due, run: settings.schedules.run?.next(now) ?? null } }
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
  const { run } = state.jobs
  const covered = state.view && coveredSince(state.view, now)
  // run by hand, or by another scheduler
  const mended = run.failing !== null && covered !== null && covered >= run.failing.since
  return {
    ...state,
    jobs: mended ? { ...state.jobs, run: { ...run, failures: 0, failing: null } } : state.jobs,
    staleSince: stale ? (state.staleSince ?? now) : null,
    due: { ...state.due, look: at === null || stale || !state.seen ? new Date(now.getTime() + LOOK_MS) : at },
  }
}

/** Updates the state after the clock was set back: nothing is due later than its next scheduled time. */
export function afterClockChange(state: SchedulerState, settings: SchedulerSettings, now: Date): SchedulerState {
  const sooner = (job: Job) => {
    const [due, next] = [state.due[job], settings.schedules[job]?.next(now) ?? null]
    return due !== null && next !== null && next < due ? next : due
  }
  const due = { ...state.due, run: sooner('run'), prune: sooner('prune'), verify: sooner('verify') }
  return { ...state, due }
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
  const history = state.jobs[job]
  const good = result === 'success' || result === 'partial'
  const bad = !good && result !== 'locked' && result !== 'stopped'
  const failures = good ? 0 : history.failures + (bad ? 1 : 0)
  const { at, retry } = dueAfter(state, settings, job, outcome, now)
  return {
    ...state,
    running: null,
    retry: job === 'run' ? retry : state.retry,
    locked: result === 'locked' ? state.locked + 1 : 0,
    forced: job === 'run' && good ? false : state.forced,
    failedBefore: job === 'run' && good ? false : state.failedBefore,
    due: { ...state.due, [job]: at },
    jobs: {
      ...state.jobs,
      [job]: {
        ...history,
        outcomes: { ...history.outcomes, [result]: (history.outcomes[result] ?? 0) + 1 },
        failures,
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
  { retry, locked }: SchedulerState,
  { schedules, retries, retryDelayMs }: SchedulerSettings,
  job: Job,
  { result, startedAt }: Outcome,
  now: Date,
): { readonly at: Date | null; readonly retry: number } {
  const schedule = schedules[job]
  const scheduled = schedule?.next(now) ?? null
  // a scheduled time that passed during the run is caught up once
  if (result === 'success' || result === 'partial') return { at: schedule?.next(startedAt) ?? null, retry: 0 }
  if (result === 'locked')
    return sooner(new Date(now.getTime() + LOCKED_MS * 2 ** Math.min(locked, MOST_DOUBLINGS)), scheduled, retry)
  const again = job === 'run' && (result === 'failed' || result === 'timeout') && retry < retries
  if (!again) return { at: scheduled, retry: 0 }
  const delayMs = Math.min(retryDelayMs * 2 ** Math.min(retry, 30), MOST_DELAY_MS)
  return sooner(new Date(now.getTime() + delayMs), scheduled, retry + 1)
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
