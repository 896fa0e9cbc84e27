import { own } from '@dwh/core'
import type { OutcomeResult } from './outcome.ts'
import { type Job, jobLabels, jobsOf, type SchedulerSettings } from './settings.ts'
import { historyOf, type SchedulerState } from './state.ts'
import { lastRun } from './warehouse-view.ts'

/** Counters start at 0, so that Prometheus sees the first outcome as an increase. */
const NO_OUTCOMES: Readonly<Record<OutcomeResult, number>> = {
  success: 0,
  partial: 0,
  locked: 0,
  damaged: 0,
  config_error: 0,
  failed: 0,
  timeout: 0,
  stopped: 0,
}

type Labels = Readonly<Record<string, string>>

interface Metric {
  readonly name: string
  readonly type: 'gauge' | 'counter'
  readonly help: string
  readonly samples: readonly { readonly labels?: Labels; readonly value: number | null }[]
}

/**
 * Renders the metrics in the text format 0.0.4 of Prometheus
 * (https://prometheus.io/docs/instrumenting/exposition_formats). Unknown values are left out. Times are seconds since
 * 1970.
 */
export function renderMetrics(
  state: SchedulerState,
  settings: SchedulerSettings,
  version: string,
  residentBytes: number,
): string {
  return metrics(state, settings, version, residentBytes).map(render).join('')
}

function metrics(state: SchedulerState, settings: SchedulerSettings, version: string, residentBytes: number): Metric[] {
  return [
    gauge('dwh_info', 'Version of the scheduler.', [{ labels: { version }, value: 1 }]),
    ...ofWarehouse(state),
    ...ofTables(state),
    ...ofJobs(state, settings),
    gauge('process_resident_memory_bytes', 'Resident memory of the scheduler process.', [one(residentBytes)]),
    gauge('process_start_time_seconds', 'Start time of the scheduler.', [one(seconds(state.startedAt))]),
  ]
}

function ofWarehouse({ view, seen, staleSince }: SchedulerState): Metric[] {
  const last = view && lastRun(view)
  return [
    gauge('dwh_warehouse_readable', 'Whether the last attempt to read the warehouse succeeded.', [one(Number(seen))]),
    gauge(
      'dwh_warehouse_stale',
      'Whether a scheduled time passed more than stale_after ago without a good run of every table.',
      [one(Number(staleSince !== null))],
    ),
    gauge('dwh_warehouse_days', 'Days of the warehouse.', [one(view?.size?.days ?? null)]),
    gauge('dwh_warehouse_objects', 'Objects of the warehouse, of all days.', [one(view?.size?.objects ?? null)]),
    gauge('dwh_warehouse_bytes', 'Bytes of these objects.', [one(view?.size?.bytes ?? null)]),
    gauge('dwh_last_success_timestamp_seconds', 'Commit time of the last good run of all tables.', [
      one(seconds(last?.at)),
    ]),
    gauge('dwh_last_success_duration_seconds', 'Duration of the last good run of all tables.', [
      one(last?.durationMs == null ? null : last.durationMs / 1000),
    ]),
  ]
}

function ofTables({ view }: SchedulerState): Metric[] {
  const tables = Object.entries(view?.tables ?? {})
  const perTable = (of: (table: (typeof tables)[number][1]) => number | null) =>
    tables.map(([table, is]) => ({ labels: { table }, value: of(is) }))
  return [
    gauge(
      'dwh_table_rows',
      'Rows of a current table.',
      perTable(({ rows }) => rows),
    ),
    gauge(
      'dwh_table_bytes',
      'Bytes of the files of a current table.',
      perTable(({ bytes }) => bytes),
    ),
    gauge(
      'dwh_table_last_success_timestamp_seconds',
      'Start time of the run that last loaded this table.',
      perTable(({ startedAt }) => seconds(startedAt)),
    ),
    gauge(
      'dwh_table_shows_previous',
      'Whether the last run failed to load this table, so that it shows the previous version.',
      tables.map(([table]) => ({
        labels: { table },
        value: Number(view !== null && own(view.failedTables, table) !== undefined),
      })),
    ),
  ]
}

function ofJobs(state: SchedulerState, settings: SchedulerSettings): Metric[] {
  const { due, running } = state
  const jobs = jobsOf(settings)
  const verify = historyOf(state, 'verify')
  const perJob = (of: (job: Job) => number | null) =>
    jobs.map((job) => ({ labels: jobLabels(job, settings), value: of(job) }))
  return [
    {
      ...gauge('dwh_job_outcomes_total', 'Jobs since the scheduler started, by outcome.', []),
      type: 'counter',
      samples: jobs.flatMap((job) =>
        Object.entries({ ...NO_OUTCOMES, ...historyOf(state, job).outcomes }).map(([outcome, value]) => ({
          labels: { ...jobLabels(job, settings), outcome },
          value,
        })),
      ),
    },
    gauge(
      'dwh_job_consecutive_failures',
      'Failures of a job since its last success.',
      perJob((job) => historyOf(state, job).failures),
    ),
    gauge(
      'dwh_job_last_success_timestamp_seconds',
      'Time of the last success of a job of this scheduler.',
      perJob((job) => seconds(historyOf(state, job).lastSuccessAt)),
    ),
    gauge(
      'dwh_job_last_duration_seconds',
      'Duration of the last successful job.',
      perJob((job) => {
        const { lastDurationMs } = historyOf(state, job)
        return lastDurationMs === null ? null : lastDurationMs / 1000
      }),
    ),
    gauge(
      'dwh_job_running',
      'Whether a job is running.',
      perJob((job) => Number(running === job)),
    ),
    gauge(
      'dwh_job_next_timestamp_seconds',
      'Next scheduled time of a job.',
      perJob((job) => seconds(due[job])),
    ),
    gauge(
      'dwh_verify_problems',
      'Problems that the last dwh verify found, by kind.',
      Object.entries({ damaged: 0, missing: 0, invalid: 0, differs: 0, extra: 0, ...verify.problems }).map(
        ([kind, value]) => ({ labels: { kind }, value: verify.problems === null ? null : value }),
      ),
    ),
  ]
}

function gauge(name: string, help: string, samples: Metric['samples']): Metric {
  return { name, help, type: 'gauge', samples }
}

function one(value: number | null): Metric['samples'][number] {
  return { value }
}

function seconds(time: Date | null | undefined): number | null {
  return time ? time.getTime() / 1000 : null
}

function render({ name, type, help, samples }: Metric): string {
  const lines = samples.flatMap(({ labels = {}, value }) =>
    value === null ? [] : [`${name}${labelText(labels)} ${value}`],
  )
  return lines.length === 0 ? '' : `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('\n')}\n`
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
