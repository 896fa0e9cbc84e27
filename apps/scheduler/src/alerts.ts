import type { Outcome } from './outcome.ts'
import type { Job, SchedulerSettings } from './settings.ts'
import type { JobHistory, SchedulerState } from './state.ts'
import { changesBetween } from './table-changes.ts'
import type { WarehouseView } from './warehouse-view.ts'

/** A message for the operator. */
export interface Alert {
  readonly kind: 'failed' | 'recovered' | 'stale' | 'fresh' | 'partial' | 'changed'
  /** One line. */
  readonly title: string
  readonly lines: readonly string[]
}

/**
 * A lasting failure is repeated every day. Under 24 hours: a daily job may end a little earlier than the day before.
 */
const REMIND_MS = 23 * 3_600_000

export interface Told {
  readonly state: SchedulerState
  readonly alerts: readonly Alert[]
}

/** Returns the alerts after a job has ended, and the state that records that they were sent. */
export function afterJobAlerts(
  before: SchedulerState,
  after: SchedulerState,
  settings: SchedulerSettings,
  job: Job,
  outcome: Outcome,
  now: Date,
): Told {
  const history = after.jobs[job]
  if (history.failing !== null) {
    if (!isToBeSaid(history, settings, job, outcome, now)) return { state: after, alerts: [] }
    const told = { ...history, failing: { ...history.failing, alertedAt: now } }
    return { state: { ...after, jobs: { ...after.jobs, [job]: told } }, alerts: [failed(job, history, outcome)] }
  }
  const wasFailing = before.jobs[job].failing
  const good = outcome.result === 'success' || outcome.result === 'partial'
  const recovered = good && (wasFailing?.alertedAt != null || (job === 'run' && before.failedBefore))
  const alerts = recovered ? [recoveredAlert(job, wasFailing?.since ?? null, after.view)] : []
  if (job !== 'run' || !good) return { state: after, alerts }
  const previous = previousTables(after, now)
  return { state: { ...after, partial: previous.partial }, alerts: [...alerts, ...previous.alerts] }
}

/** Returns the alerts after the warehouse was read. */
export function afterLookAlerts(
  before: SchedulerState,
  after: SchedulerState,
  { rowChange }: SchedulerSettings,
): readonly Alert[] {
  const failing = before.jobs.run.failing
  const mended = failing?.alertedAt != null && after.jobs.run.failing === null
  return [
    ...(mended ? [recoveredAlert('run', failing.since, after.view)] : []),
    ...(before.staleSince === null && after.staleSince !== null ? [stale(after.view)] : []),
    ...(before.staleSince !== null && after.staleSince === null ? [fresh(after.view)] : []),
    ...changed(before.view, after.view, rowChange),
  ]
}

/** Whether to send an alert. A failed run causes one only after its last retry. */
function isToBeSaid(
  { failing, failures }: JobHistory,
  { retries }: SchedulerSettings,
  job: Job,
  { result }: Outcome,
  now: Date,
): boolean {
  if (result === 'locked' || result === 'stopped') return false
  const final = job !== 'run' || result === 'config_error' || failures > retries
  const alertedAt = failing?.alertedAt ?? null
  return final && (alertedAt === null || now.getTime() - alertedAt.getTime() >= REMIND_MS)
}

const FAILED: Readonly<Record<Job, string>> = {
  run: 'The run failed; the warehouse is unchanged',
  prune: 'Removing old days failed',
  verify: 'Verifying the warehouse failed',
}

function failed(job: Job, { failing, failures }: JobHistory, { result, error }: Outcome): Alert {
  const title = result === 'damaged' ? 'dwh verify found damage in the warehouse' : FAILED[job]
  const hint =
    error?.hint ??
    (result === 'damaged' ? '`dwh verify` lists the damage; docs/maintenance.md explains what to do.' : null)
  return {
    kind: 'failed',
    title,
    lines: [
      failing?.message ?? '',
      ...(hint === null ? [] : [hint]),
      ...(failures > 1 ? [`Tried ${failures} times since ${failing?.since.toISOString()}.`] : []),
    ],
  }
}

const RECOVERED: Readonly<Record<Job, string>> = {
  run: 'Runs succeed again',
  prune: 'Removing old days succeeds again',
  verify: 'dwh verify finds no problems any more',
}

function recoveredAlert(job: Job, since: Date | null, view: WarehouseView | null): Alert {
  const failing = since === null ? [] : [`It was failing since ${since.toISOString()}.`]
  return { kind: 'recovered', title: RECOVERED[job], lines: [...failing, placeOf(view)] }
}

/** Alerts about tables that still show the previous version, once a day for the same tables. */
function previousTables(
  { view, partial }: SchedulerState,
  now: Date,
): Pick<SchedulerState, 'partial'> & { alerts: Alert[] } {
  const failures = Object.entries(view?.failedTables ?? {})
  if (failures.length === 0) return { partial: null, alerts: [] }
  const names = JSON.stringify(failures.map(([name]) => name).sort())
  if (partial?.names === names && now.getTime() - partial.saidAt.getTime() < REMIND_MS) return { partial, alerts: [] }
  const title = 'Published, but some tables failed and still show the previous version'
  const lines = failures.map(([name, { message }]) => `${name}: ${message}`)
  return { partial: { names, saidAt: now }, alerts: [{ kind: 'partial', title, lines }] }
}

function changed(before: WarehouseView | null, after: WarehouseView | null, rowChange: number): Alert[] {
  // in a first run every table is new
  if (!before || !after || before.lastRunAt === null || before.runId === after.runId) return []
  const lines = changesBetween(before.tables, after.tables, rowChange)
  return lines.length === 0 ? [] : [{ kind: 'changed', title: 'Tables changed unexpectedly', lines }]
}

function stale(view: WarehouseView | null): Alert {
  const last = view?.lastRunAt
  const age = last ? `Its last good run was committed at ${last.toISOString()}.` : 'It has no good run yet.'
  return {
    kind: 'stale',
    title: 'The warehouse is stale',
    lines: view ? [age, placeOf(view)] : ['It cannot be read.'],
  }
}

function fresh(view: WarehouseView | null): Alert {
  return { kind: 'fresh', title: 'The warehouse is up to date again', lines: [placeOf(view)] }
}

function placeOf(view: WarehouseView | null): string {
  return view ? `Warehouse: ${view.storage}` : 'The warehouse cannot be read.'
}
