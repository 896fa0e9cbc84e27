import { DwhError } from '@dwh/core'
import { type Config, withDefaults } from '@dwh/warehouse/settings'
import { parseSchedule, type Schedule } from './schedule.ts'

/** The jobs of the scheduler, in the order in which they run if several are due at once. */
export const JOBS = ['run', 'prune', 'verify'] as const
export type Job = (typeof JOBS)[number]

export interface SchedulerSettings {
  /** IANA name of the time zone of the schedules. */
  readonly timeZone: string
  /** Null: never. */
  readonly schedules: Readonly<Record<Job, Schedule | null>>
  readonly runOnStart: boolean
  readonly catchUp: boolean
  /** Deadline of one job; 0: none. */
  readonly deadlineMs: number
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
export function schedulerSettings({ schedule: said, keep, timezone }: Config): SchedulerSettings {
  const schedule = withDefaults('schedule.', said)
  const timeZone = schedule.timezone ?? timezone
  const parsed = (job: Job) =>
    schedule[job] === 'off' ? null : parseSchedule(schedule[job], timeZone, `schedule.${job}`)
  const prune = parsed('prune')
  return {
    timeZone,
    schedules: {
      run: parsed('run'),
      prune: Object.values(keep).some((count) => count !== undefined && count > 0) ? prune : null,
      verify: parsed('verify'),
    },
    runOnStart: schedule.run_on_start,
    catchUp: schedule.catch_up,
    deadlineMs: between('deadline', schedule.deadline, 0, MOST_DEADLINE_MS, '0s (no limit) and 576h'),
    retries: schedule.retries,
    retryDelayMs: between('retry_delay', schedule.retry_delay, 1, HOUR_MS, '1ms and 1h'),
    staleAfterMs: between('stale_after', schedule.stale_after, 1, YEAR_MS, '1ms and 8760h'),
    verifySample: between('verify_sample', schedule.verify_sample, 0.0001, 1, '0.01% and 100%'),
    rowChange: between('row_change', schedule.row_change, 0, 10, '0% and 1000%'),
    webhook: webhookUrl(schedule.webhook ?? ''),
    listen: listenAddress(schedule.listen),
  }
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
