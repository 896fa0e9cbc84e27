import { DwhError } from '@dwh/core'
import { type Config, tableSchedules, withDefaults } from '@dwh/warehouse/settings'
import { parseSchedule, type Schedule } from './schedule.ts'

/** A run of some tables: an entry of `schedule.tables`, numbered from 1. */
export type TablesJob = `tables ${number}`
/** `run` reads all tables. */
export type Job = 'run' | TablesJob | 'prune' | 'verify'

/** What an entry of `schedule.tables` reads. */
export interface SomeTables {
  readonly name: string
  /** As after `dwh run --tables`. */
  readonly patterns: readonly string[]
  /** As `SchedulerSettings.deadlineMs`. */
  readonly deadlineMs: number
}

export interface SchedulerSettings {
  /** IANA name of the time zone of the schedules. */
  readonly timeZone: string
  /** Null: never. */
  readonly schedules: Readonly<Record<Job, Schedule | null>>
  readonly tables: Readonly<Record<TablesJob, SomeTables>>
  readonly runOnStart: boolean
  readonly catchUp: boolean
  /** Deadline of one job; 0: none. */
  readonly deadlineMs: number
  /** False: the runs of a frequent schedule keep replaced files for a shorter time than usual. */
  readonly isRetentionSet: boolean
  readonly retries: number
  readonly retryDelayMs: number
  /** How long after a scheduled time the warehouse counts as stale without a new run. */
  readonly staleAfterMs: number
  /** Share of the files that verify reads completely, from 0 to 1. */
  readonly verifySample: number
  /** Relative change of a table's rows that causes an alert; 1 is 100 %. */
  readonly rowChange: number
  readonly webhook: URL | null
  /** Null: no server. */
  readonly listen: ListenAddress | null
}

/** Returns the jobs, in the order in which they run if several are due at once. */
export function jobsOf({ tables }: Pick<SchedulerSettings, 'tables'>): Job[] {
  return ['run', ...(Object.keys(tables) as TablesJob[]), 'prune', 'verify']
}

/** Whether a job reads tables. */
export function isRun(job: Job): boolean {
  return job !== 'prune' && job !== 'verify'
}

/** Returns what a job reads if it is a run of some tables; null for any other job. */
export function someTablesOf(job: Job | 'look', { tables }: Pick<SchedulerSettings, 'tables'>): SomeTables | null {
  return tables[job as TablesJob] ?? null
}

/** Returns the name of a job for people: `run`, `run of orders, order_items`, `prune`. */
export function jobTitle(job: Job, settings: Pick<SchedulerSettings, 'tables'>): string {
  const some = someTablesOf(job, settings)
  return some === null ? job : `run of ${some.name}`
}

/** Returns what names a job in logs and metrics: all runs of some tables are of the job `tables`. */
export function jobLabels(job: Job | 'look', settings: Pick<SchedulerSettings, 'tables'>): Record<string, string> {
  const some = someTablesOf(job, settings)
  return some === null ? { job } : { job: 'tables', schedule: some.name }
}

export interface ListenAddress {
  /** Null: every address of the machine. */
  readonly host: string | null
  readonly port: number
}

const HOUR_MS = 3_600_000
const YEAR_MS = 365 * 24 * HOUR_MS
/** A timer can hold 596 h. */
const MOST_DEADLINE_MS = 24 * 24 * HOUR_MS

/**
 * Returns the scheduler's settings, with their defaults.
 * @throws DwhError CONFIG_INVALID
 */
export function schedulerSettings({ schedule: said, keep, timezone, retainForMs }: Config): SchedulerSettings {
  const schedule = withDefaults('schedule.', said)
  const timeZone = schedule.timezone ?? timezone
  const parsed = (expression: string, setting: string) =>
    expression === 'off' ? null : parseSchedule(expression, timeZone, `schedule.${setting}`)
  const prune = parsed(schedule.prune, 'prune')
  const deadlineMs = deadline('deadline', schedule.deadline)
  const entries = tableSchedules(said).map((entry, index) => ({ ...entry, job: `tables ${index + 1}` as const }))
  return {
    timeZone,
    schedules: {
      run: parsed(schedule.run, 'run'),
      ...Object.fromEntries(entries.map(({ job, name, run }) => [job, parsed(run, `tables: ${name}: run`)])),
      prune: Object.values(keep).some((count) => count !== undefined && count > 0) ? prune : null,
      verify: parsed(schedule.verify, 'verify'),
    },
    tables: Object.fromEntries(
      entries.map(({ job, name, tables: patterns, ...own }) => [
        job,
        { name, patterns, deadlineMs: deadline(`tables: ${name}: deadline`, own.deadlineMs ?? deadlineMs) },
      ]),
    ),
    runOnStart: schedule.run_on_start,
    catchUp: schedule.catch_up,
    deadlineMs,
    isRetentionSet: retainForMs !== null,
    retries: schedule.retries,
    retryDelayMs: between('retry_delay', schedule.retry_delay, 1, HOUR_MS, '1ms and 1h'),
    staleAfterMs: between('stale_after', schedule.stale_after, 1, YEAR_MS, '1ms and 8760h'),
    verifySample: between('verify_sample', schedule.verify_sample, 0.0001, 1, '0.01% and 100%'),
    rowChange: between('row_change', schedule.row_change, 0, 10, '0% and 1000%'),
    webhook: webhookUrl(schedule.webhook ?? ''),
    listen: listenAddress(schedule.listen),
  }
}

function deadline(setting: string, value: number): number {
  return between(setting, value, 0, MOST_DEADLINE_MS, '0s (no limit) and 576h')
}

function between(setting: string, value: number, least: number, most: number, bounds: string): number {
  if (value >= least && value <= most) return value
  throw new DwhError('CONFIG_INVALID', `schedule.${setting}: expected a value between ${bounds}`, {
    hint: 'docs/scheduler.md describes this setting.',
  })
}

/** Parses the webhook URL. It is a secret: no message shows it. */
function webhookUrl(text: string): URL | null {
  if (text === '' || text === 'off') return null
  if (URL.canParse(text)) {
    const url = new URL(text)
    if (url.protocol === 'https:' || url.protocol === 'http:') return url
  }
  throw new DwhError('CONFIG_INVALID', 'schedule.webhook: not a valid http or https URL', {
    hint: 'Set DWH_WEBHOOK_URL to the full URL, starting with https://; or to off.',
  })
}

/** Parses `host:port`, `[::1]:port`, `:port` or `port`; the last two listen on every address. */
function listenAddress(text: string): ListenAddress | null {
  if (text === 'off') return null
  const [, ipv6, name, port] = /^(?:(?:\[([0-9a-f:.]+)\]|([^[\]:]*)):)?(\d{1,5})$/i.exec(text) ?? []
  if (port !== undefined && Number(port) < 65_536) return { host: ipv6 || name || null, port: Number(port) }
  throw new DwhError('CONFIG_INVALID', `schedule.listen "${text}": not an address`, {
    hint: 'Give host and port, for example 127.0.0.1:8080 or 0.0.0.0:8080; or off.',
  })
}
