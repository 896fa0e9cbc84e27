import { type Alert, afterJobAlerts, afterLookAlerts } from './alerts.ts'
import { afterJob, afterLook, isWanted, nextDue, skipRun, startJob, startState } from './decide.ts'
import type { Log } from './log.ts'
import type { Outcome } from './outcome.ts'
import type { Job, SchedulerSettings } from './settings.ts'
import type { SchedulerState } from './state.ts'
import { readView } from './warehouse-view.ts'

/** What the scheduler needs of the world. */
export interface SchedulerOptions {
  readonly settings: SchedulerSettings
  readonly clock: () => Date
  /** Until then, null for ever; earlier when `signal` fires. */
  readonly wait: (until: Date | null) => Promise<void>
  /** Runs a command of `dwh`; never rejects. */
  readonly dwh: (args: readonly string[], job: Job | 'look') => Promise<Outcome>
  /** Sends it off; does not wait, never throws. */
  readonly alert: (alert: Alert) => void
  readonly log: Log
  readonly signal: AbortSignal
}

export interface Scheduler {
  /** As of now. */
  state(): SchedulerState
  /** Until the signal fires: then once the job under way has ended. */
  run(): Promise<void>
}

/** Does one thing at a time, each when it is due. */
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

  /** Sees how the warehouse is. */
  async function look(): Promise<void> {
    const { answer, error, result } = await options.dwh(['status'], 'look')
    if (result === 'stopped') return
    const before = state
    const seen = result === 'done'
    if (!seen) log('warn', 'the warehouse could not be read', { error })
    state = afterLook({ ...state, seen, view: seen ? readView(answer) : state.view }, settings, clock())
    tell(afterLookAlerts(before, state))
  }

  async function doJob(job: Job): Promise<void> {
    if (job === 'run') {
      await look()
      if (signal.aborted) return
      if (!isWanted(state, settings, clock())) {
        state = skipRun(state, settings, clock())
        log('info', 'no run is due: the warehouse has one since', { job, next: state.due.run })
        return
      }
    }
    const before = state
    state = startJob(state, job, clock())
    log('info', `${job} begins`, { job, ...(job === 'run' ? { retry: state.retry } : {}) })
    const outcome = await options.dwh(argumentsOf(job, settings), job)
    state = afterJob(state, settings, job, outcome, clock())
    logOutcome(job, outcome)
    if (outcome.result === 'stopped') return
    if (job === 'run') await look()
    const told = afterJobAlerts(before, state, settings, job, outcome, clock())
    state = told.state
    tell(told.alerts)
  }

  function logOutcome(job: Job, { result, durationMs, error, answer }: Outcome): void {
    const level = result === 'done' || result === 'stopped' ? 'info' : result === 'failed' ? 'error' : 'warn'
    const next = state.due[job]
    log(level, `${job} ended: ${result}`, {
      job,
      result,
      duration_ms: durationMs,
      next,
      ...summaryOf(answer),
      ...(error ? { error } : {}),
    })
  }

  return {
    state: () => state,
    async run() {
      // so that /readyz and /metrics know the warehouse; a run looks by itself
      if (state.due.run === null || state.due.run > clock()) await look()
      while (!signal.aborted) {
        const next = nextDue(state)
        await options.wait(next?.at ?? null)
        if (signal.aborted || next === null) continue
        if (next.what === 'look') await look()
        else await doJob(next.what)
      }
    },
  }
}

function argumentsOf(job: Job, { verifySample }: SchedulerSettings): string[] {
  if (job === 'prune') return ['prune', '--yes']
  if (job === 'verify') return ['verify', '--sample', String(verifySample)]
  return ['run']
}

/** Of the answer what belongs into a line of the log. */
function summaryOf(answer: unknown): Record<string, unknown> {
  const { run_id, tables, problems, removed } = (answer ?? {}) as Record<string, unknown>
  const written = Object.values(tables ?? {}).filter((table) => table.status === 'written')
  return {
    ...(typeof run_id === 'string'
      ? {
          run_id,
          tables: written.length,
          rows: written.reduce((sum, { rows }) => sum + rows, 0),
          bytes: written.reduce((sum, { bytes }) => sum + bytes, 0),
        }
      : {}),
    ...(Array.isArray(problems) ? { problems: problems.length } : {}),
    ...(Array.isArray(removed) ? { removed: removed.map(({ date }) => date) } : {}),
  }
}
