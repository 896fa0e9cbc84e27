import { DwhError } from '@dwh/core'
import { Cron } from 'croner'
import { type TimeZone, timeZoneOf } from './time-zone.ts'

/** A recurring time. */
export interface Schedule {
  readonly expression: string
  /** Returns the first scheduled time after `time` (exclusive). */
  next(time: Date): Date
}

/**
 * Parses a cron expression: five fields, six with seconds first, or a name such as `@daily`. Around daylight-saving
 * changes, skipped times run once, right after the gap, and a repeated time runs the first time only. If the hour is
 * `*`, it means every hour of elapsed time.
 * @param setting name of the setting in messages
 * @throws DwhError CONFIG_INVALID
 */
export function parseSchedule(expression: string, timeZone: string, setting: string): Schedule {
  const zone = timeZoneOf(timeZone)
  const everyHour = hoursOf(expression) === '*'
  // croner loses some times in a gap and repeats others, so it is given local time as if that were UTC
  const cron = parse(expression, everyHour ? timeZone : 'UTC', setting)
  const after = (time: Date) => {
    const found = cron.nextRun(time)
    if (found) return found
    throw new DwhError('CONFIG_INVALID', `${setting} "${expression}": never happens`, { hint: HINT })
  }
  return { expression, next: everyHour ? after : (time) => nextShown(after, zone, time) }
}

const HOUR_MS = 3_600_000

/** Whether the next two times of a schedule are less than an hour apart. */
export function isFrequent(schedule: Schedule, now: Date): boolean {
  const next = schedule.next(now)
  return schedule.next(next).getTime() - next.getTime() < HOUR_MS
}

function nextShown(after: (time: Date) => Date, zone: TimeZone, time: Date): Date {
  let shown = zone.shownAt(time)
  for (;;) {
    shown = after(shown)
    const found = zone.firstShowing(shown)
    // the clock was set back and shows this time again
    if (found > time) return found
  }
}

const HINT = 'Give minute, hour, day of month, month and day of week, for example "0 3 * * *"; or off.'

function parse(expression: string, timezone: string, setting: string): Cron {
  const wrong = (reason: string, cause?: unknown) =>
    new DwhError('CONFIG_INVALID', `${setting} "${expression}": ${reason}`, { cause, hint: HINT })
  const fields = expression.trim().split(/\s+/).length
  if (fields > 6) throw wrong('a year is not allowed')
  // croner would accept a date, which happens only once
  if (fields < 5 && !expression.trim().startsWith('@')) throw wrong(`${fields} fields, expected five or six`)
  try {
    const cron = new Cron(expression, { timezone, paused: true })
    if (cron.nextRun() !== null) return cron
  } catch (cause) {
    throw wrong((cause as Error).message.replace(/^Cron\w+: /, ''), cause)
  }
  throw wrong('never happens')
}

function hoursOf(expression: string): string | undefined {
  const fields = expression.trim().split(/\s+/)
  if (fields.length < 5) return expression.trim().toLowerCase() === '@hourly' ? '*' : undefined
  return fields[fields.length === 5 ? 1 : 2]?.replace(/^\*\/1$/, '*')
}
