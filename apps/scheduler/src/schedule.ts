import { DwhError } from '@dwh/core'
import { Cron } from 'croner'
import { type TimeZone, timeZoneOf } from './time-zone.ts'

/** When something happens, again and again. */
export interface Schedule {
  readonly expression: string
  /** The first time after `time`, which itself does not count. */
  next(time: Date): Date
}

/**
 * Reads a cron expression: five fields, six with seconds in front, or `@daily` and its like. Of times that the clock skips in spring, the moment after the gap counts, once; a time that it shows twice in autumn counts the first
 * time. Where the hour is `*`, each is an hour of real time.
 * @param setting what to call it in a message
 * @throws DwhError CONFIG_INVALID
 */
export function parseSchedule(expression: string, timeZone: string, setting: string): Schedule {
  const zone = timeZoneOf(timeZone)
  const everyHour = hoursOf(expression) === '*'
  // croner itself loses some times in a gap, and gives some twice: so it works on what the clock shows, as if that were UTC
  const cron = parse(expression, everyHour ? timeZone : 'UTC', setting)
  const after = (time: Date) => {
    const found = cron.nextRun(time)
    if (found) return found
    throw new DwhError('CONFIG_INVALID', `${setting} "${expression}": there is no such time`, { hint: HINT })
  }
  return { expression, next: everyHour ? after : (time) => nextShown(after, zone, time) }
}

function nextShown(after: (time: Date) => Date, zone: TimeZone, time: Date): Date {
  let shown = zone.shownAt(time)
  for (;;) {
    shown = after(shown)
    const found = zone.firstShowing(shown)
    // the clock has gone back since, and shows it again
    if (found > time) return found
  }
}

const HINT = 'Give minute, hour, day of month, month and day of week, such as "0 3 * * *"; or off.'

function parse(expression: string, timezone: string, setting: string): Cron {
  const wrong = (reason: string, cause?: unknown) =>
    new DwhError('CONFIG_INVALID', `${setting} "${expression}": ${reason}`, { cause, hint: HINT })
  const fields = expression.trim().split(/\s+/).length
  if (fields > 6) throw wrong('years cannot be given')
  // croner would take a date, which comes once
  if (fields < 5 && !expression.trim().startsWith('@')) throw wrong(`${fields} fields, where five or six are needed`)
  try {
    const cron = new Cron(expression, { timezone, paused: true })
    if (cron.nextRun() !== null) return cron
  } catch (cause) {
    throw wrong((cause as Error).message.replace(/^Cron\w+: /, ''), cause)
  }
  throw wrong('there is no such time')
}

function hoursOf(expression: string): string | undefined {
  const fields = expression.trim().split(/\s+/)
  if (fields.length < 5) return expression.trim().toLowerCase() === '@hourly' ? '*' : undefined
  return fields[fields.length === 5 ? 1 : 2]?.replace(/^\*\/1$/, '*')
}
