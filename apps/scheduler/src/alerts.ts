import { own, type RunRecord } from '@dwh/core'
import type { Outcome } from './outcome.ts'
import { isRun, type Job, jobTitle, type SchedulerSettings, someTablesOf } from './settings.ts'
import { historyOf, type JobHistory, type SchedulerState } from './state.ts'
import { changesBetween } from './table-changes.ts'
import { lastRun, type WarehouseView } from './warehouse-view.ts'

/** A message for the operator. */
export interface Alert {
  readonly kind: 'failed' | 'recovered' | 'stale' | 'fresh' | 'partial' | 'changed' | 'proof-failed'
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
  const history = historyOf(after, job)
  if (history.failing !== null) {
    if (!isToBeSaid(history, settings, job, outcome, now)) return { state: after, alerts: [] }
    const told = { ...history, failing: { ...history.failing, alertedAt: now } }
    return {
      state: { ...after, jobs: { ...after.jobs, [job]: told } },
      alerts: [failed(job, settings, history, outcome)],
    }
  }
  const wasFailing = historyOf(before, job).failing
  const good = outcome.result === 'success' || outcome.result === 'partial'
  const recovered = good && (wasFailing?.alertedAt != null || (job === 'run' && before.failedBefore))
  const alerts = recovered ? [recoveredAlert(job, settings, wasFailing?.since ?? null, after.view)] : []
  if (!isRun(job) || !good) return { state: after, alerts }
  const previous = previousTables(after, now)
  const all = [...alerts, ...proofFailed(outcome.answer), ...previous.alerts]
  return { state: { ...after, partial: previous.partial }, alerts: all }
}

/** An alert about tables whose renewed proof failed. `answer`: of `dwh run --json`. */
function proofFailed(answer: unknown): readonly Alert[] {
  const { tables } = (answer ?? {}) as { readonly tables?: RunRecord['tables'] }
  const lines = Object.entries(tables ?? {}).flatMap(([name, table]) =>
    table.status === 'written' && table.reason?.id === 'proof-failed' ? [`${name}: ${table.reason.text}`] : [],
  )
  if (lines.length === 0) return []
  const title = 'Rows changed in Postgres in a way that no transaction shows; the tables were read in full'
  return [{ kind: 'proof-failed', title, lines: [...lines, 'docs/detection.md#the-proof-is-renewed explains it.'] }]
}

/** Returns the alerts after the warehouse was read. */
export function afterLookAlerts(
  before: SchedulerState,
  after: SchedulerState,
  settings: SchedulerSettings,
): readonly Alert[] {
  const mended = (Object.keys(before.jobs) as Job[]).flatMap((job) => {
    const { failing } = historyOf(before, job)
    if (failing === null || failing.alertedAt === null || historyOf(after, job).failing !== null) return []
    return [recoveredAlert(job, settings, failing.since, after.view)]
  })
  return [
    ...mended,
    ...(before.staleSince === null && after.staleSince !== null ? [stale(after.view)] : []),
    ...(before.staleSince !== null && after.staleSince === null ? [fresh(after.view)] : []),
    ...changed(before.view, after.view, settings.rowChange),
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
  const final = !isRun(job) || result === 'config_error' || failures > retries
  const alertedAt = failing?.alertedAt ?? null
  return final && (alertedAt === null || now.getTime() - alertedAt.getTime() >= REMIND_MS)
}

function failedTitle(job: Job, settings: SchedulerSettings): string {
  if (job === 'prune') return 'Removing old days failed'
  if (job === 'verify') return 'Verifying the warehouse failed'
  return `The ${jobTitle(job, settings)} failed; the warehouse is unchanged`
}

function failed(
  job: Job,
  settings: SchedulerSettings,
  { failing, failures }: JobHistory,
  { result, error }: Outcome,
): Alert {
  const title = result === 'damaged' ? 'dwh verify found damage in the warehouse' : failedTitle(job, settings)
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

function recoveredTitle(job: Job, settings: SchedulerSettings): string {
  if (job === 'prune') return 'Removing old days succeeds again'
  if (job === 'verify') return 'dwh verify finds no problems any more'
  const some = someTablesOf(job, settings)
  return some === null ? 'Runs succeed again' : `Runs of ${some.name} succeed again`
}

function recoveredAlert(job: Job, settings: SchedulerSettings, since: Date | null, view: WarehouseView | null): Alert {
  const failing = since === null ? [] : [`It was failing since ${since.toISOString()}.`]
  return { kind: 'recovered', title: recoveredTitle(job, settings), lines: [...failing, placeOf(view)] }
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
  // so is every other table in the first run of all, after one of some
  const isExpected = (name: string) => before.ofAll === null && own(before.tables, name) === undefined
  const tables = Object.fromEntries(Object.entries(after.tables).filter(([name]) => !isExpected(name)))
  const lines = changesBetween(before.tables, tables, rowChange)
  return lines.length === 0 ? [] : [{ kind: 'changed', title: 'Tables changed unexpectedly', lines }]
}

function stale(view: WarehouseView | null): Alert {
  const last = view && lastRun(view)
  const age = last ? `Its last good run was committed at ${last.at.toISOString()}.` : 'It has no good run yet.'
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
