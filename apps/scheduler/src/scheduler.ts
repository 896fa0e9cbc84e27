import { type Alert, afterJobAlerts, afterLookAlerts } from './alerts.ts'
import {
  afterClockChange,
  afterJob,
  afterLook,
  isWanted,
  nextDue,
  skippedTimes,
  skipRun,
  startJob,
  startState,
} from './decide.ts'
import { newForeignKeys } from './foreign-keys.ts'
import type { Log } from './log.ts'
import type { Outcome } from './outcome.ts'
import { isFrequent } from './schedule.ts'
import { isRun, type Job, jobLabels, jobTitle, type SchedulerSettings, someTablesOf } from './settings.ts'
import { historyOf, type SchedulerState } from './state.ts'
import { readView, type WarehouseView } from './warehouse-view.ts'

/** Everything that the scheduler needs from outside. */
export interface SchedulerOptions {
  readonly settings: SchedulerSettings
  readonly clock: () => Date
  /** Waits until that time, null: for ever. Ends early when the signal fires or the clock is set back. */
  readonly wait: (until: Date | null, signal: AbortSignal) => Promise<void>
  /** Runs a command of `dwh`; never rejects. */
  readonly dwh: (args: readonly string[], job: Job | 'look') => Promise<Outcome>
  /** Queues an alert; does not wait, never throws. */
  readonly alert: (alert: Alert) => void
  readonly log: Log
  readonly signal: AbortSignal
}

export interface Scheduler {
  /** Returns the current state. */
  state(): SchedulerState
  /** Runs until the signal fires and the current job has ended. */
  run(): Promise<void>
}

/** Creates a scheduler that runs one job at a time, each when it is due. */
export function makeScheduler(options: SchedulerOptions): Scheduler {
  const { settings, clock, log, signal } = options
  let state = startState(settings, clock())

  function tell(alerts: readonly Alert[]): void {
    for (const alert of alerts) {
      const good = alert.kind === 'recovered' || alert.kind === 'fresh'
      log(good ? 'info' : 'warn', `alert: ${alert.title}`, { alert: alert.kind, lines: alert.lines })
      options.alert(alert)
    }
  }

  function tellAfterLook(next: SchedulerState): void {
    const before = state
    state = afterLook(next, settings, clock())
    tell(afterLookAlerts(before, state, settings))
  }

  /** Reads the status of the warehouse. */
  async function look(): Promise<void> {
    const outcome = await options.dwh(['status'], 'look')
    if (outcome.result === 'stopped') return
    const view = viewOf(outcome)
    if (!view) log('warn', 'cannot read the warehouse', { error: outcome.error })
    const first = state.view === null && view !== null
    const failedBefore = first ? view.lastFailure !== null : state.failedBefore
    tellAfterLook({ ...state, seen: view !== null, view: view ?? state.view, failedBefore })
  }

  /** Waits for a job and sends an alert if the warehouse becomes stale meanwhile. */
  async function watching<T>(job: Promise<T>): Promise<T> {
    const over = new AbortController()
    const stop = () => over.abort()
    // not AbortSignal.any(): it holds each of its signals as long as the scheduler lives (seen on Node 20)
    signal.addEventListener('abort', stop)
    const ended = job.finally(stop)
    try {
      for (;;) {
        await Promise.race([ended, options.wait(state.due.look, over.signal)])
        // when the scheduler ends, wait only for the job
        if (over.signal.aborted || signal.aborted) return await ended
        tellAfterLook(state)
      }
    } finally {
      signal.removeEventListener('abort', stop)
    }
  }

  async function doJob(job: Job): Promise<void> {
    const labels = jobLabels(job, settings)
    if (isRun(job)) {
      await look()
      if (signal.aborted) return
      if (!isWanted(state, settings, job, clock())) {
        state = skipRun(state, settings, job, clock())
        const title = jobTitle(job, settings)
        log('info', `no ${title} is due: the warehouse has a newer run`, { ...labels, next: state.due[job] })
        return
      }
    }
    const before = state
    state = startJob(state, job)
    log('info', `${jobTitle(job, settings)} started`, {
      ...labels,
      ...(isRun(job) ? { retry: historyOf(state, job).retry } : {}),
    })
    const outcome = await watching(options.dwh(argumentsOf(job, before, settings, clock()), job))
    state = afterJob(state, settings, job, outcome, clock())
    // read the warehouse first, so that /readyz and the metrics are current when the log line appears
    if (job !== 'verify' && outcome.result !== 'stopped') await look()
    log(...endedLine(job, outcome, state, settings, clock()))
    sayForeignKeys(job, outcome)
    if (outcome.result === 'stopped') return
    const told = afterJobAlerts(before, state, settings, job, outcome, clock())
    state = told.state
    tell(told.alerts)
  }

  /** Logs the foreign keys to tables that a run of some tables does not read: once, and again if they change. */
  function sayForeignKeys(job: Job, outcome: Outcome): void {
    const history = historyOf(state, job)
    const text = newForeignKeys(history.foreignKeys, outcome)
    if (text === null) return
    state = { ...state, jobs: { ...state.jobs, [job]: { ...history, foreignKeys: text } } }
    log('warn', `${jobTitle(job, settings)}: ${text}`, jobLabels(job, settings))
  }

  return {
    state: () => state,
    async run() {
      // so that /readyz and /metrics know the warehouse; a run reads it by itself
      if (state.due.run === null || state.due.run > clock()) await look()
      while (!signal.aborted) {
        const next = nextDue(state)
        await options.wait(next?.at ?? null, signal)
        if (signal.aborted || next === null) continue
        if (clock() >= next.at) await (next.what === 'look' ? look() : doJob(next.what))
        // the clock may have been set back during the wait or the job
        if (!signal.aborted) tellAfterLook(afterClockChange(state, settings, clock()))
      }
    },
  }
}

/** Returns the status of the warehouse; null if it could not be read. */
function viewOf({ result, answer }: Outcome): WarehouseView | null {
  return result === 'success' ? readView(answer) : null
}

function argumentsOf(
  job: Job,
  { forced, seen, view }: SchedulerState,
  settings: SchedulerSettings,
  now: Date,
): string[] {
  if (job === 'prune') return ['prune', '--yes']
  if (job === 'verify') return ['verify', '--sample', String(settings.verifySample)]
  const some = someTablesOf(job, settings)
  // a pattern may begin with a dash
  const tables = some?.patterns.map((pattern) => `--tables=${pattern}`) ?? []
  // another scheduler may have decided on the same state
  const unless = (forced && some === null) || !seen ? [] : ['--if-last-run', view?.runId ?? 'none']
  const schedule = settings.schedules[job] ?? null
  const retain = settings.isRetentionSet || schedule === null || !isFrequent(schedule, now) ? [] : ['--retain', '1h']
  return ['run', ...tables, ...retain, ...unless]
}

/** Returns the line of the log about a job that has ended. */
function endedLine(
  job: Job,
  { result, startedAt, durationMs, error, answer }: Outcome,
  { due }: SchedulerState,
  settings: SchedulerSettings,
  now: Date,
): Parameters<Log> {
  const level = result === 'success' || result === 'stopped' ? 'info' : result === 'failed' ? 'error' : 'warn'
  const skipped = skippedTimes(settings, job, startedAt, now)
  const fields = {
    ...jobLabels(job, settings),
    result,
    duration_ms: durationMs,
    next: due[job],
    ...(skipped === 0 ? {} : { skipped }),
    ...summaryOf(answer),
    ...(error ? { error } : {}),
  }
  return [level, `${jobTitle(job, settings)} ended: ${result}`, fields]
}

/** Returns the fields of an answer that belong in the log. */
function summaryOf(answer: unknown): Record<string, unknown> {
  const { run_id, tables, problems, removed } = (answer ?? {}) as Record<string, unknown>
  const written = Object.values(tables ?? {}).filter((table) => table.status === 'written')
  const unchanged = Object.values(tables ?? {}).filter((table) => table.status === 'unchanged')
  return {
    ...(typeof run_id === 'string'
      ? {
          run_id,
          tables: written.length + unchanged.length,
          unchanged: unchanged.length,
          rows: written.reduce((sum, { rows }) => sum + rows, 0),
          bytes: written.reduce((sum, { bytes }) => sum + bytes, 0),
        }
      : {}),
    ...(Array.isArray(problems) ? { problems: problems.length } : {}),
    ...(Array.isArray(removed) ? { removed: removed.map(({ date }) => date) } : {}),
  }
}
