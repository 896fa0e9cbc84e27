import { DwhError } from '@dwh/core'
import { Cron } from 'croner'

/** When something happens, again and again. */
export interface Schedule {
  readonly expression: string
  /** The first time after `time`, which itself does not count. */
  next(time: Date): Date
}

/** The clock goes back by an hour at most, and in one place by half of one. */
const LONGEST_FOLD_MS = 2 * 3_600_000

/**
 * Reads a cron expression: five fields, six with seconds in front, or `@daily` and its like. Of a time that the clock skips in spring the moment after the gap counts; a time
 * that it shows twice in autumn counts once, unless the hours are open (`*`), which means every so many minutes of real time.
 * @param setting what to call it in a message
 * @throws DwhError CONFIG_INVALID
 */
export function parseSchedule(expression: string, timeZone: string, setting: string): Schedule {
  const cron = parse(expression, timeZone, setting)
  const shown = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' })
  const open = hasOpenHours(expression)

  // croner gives a time of several hours, such as 1,2, both times that the clock shows it
  function shownBefore(time: Date): boolean {
    const from = new Date(time.getTime() - LONGEST_FOLD_MS)
    for (let earlier = cron.nextRun(from); earlier && earlier < time; earlier = cron.nextRun(earlier))
      if (shown.format(earlier) === shown.format(time)) return true
    return false
  }

  return {
    expression,
    next(time) {
      let found = cron.nextRun(time)
      while (found && !open && shownBefore(found)) found = cron.nextRun(found)
      if (found) return found
      throw new DwhError('CONFIG_INVALID', `${setting} "${expression}": there is no such time`, { hint: HINT })
    },
  }
}

const HINT = 'Give minute, hour, day of month, month and day of week, such as "0 3 * * *"; or off.'

function parse(expression: string, timezone: string, setting: string): Cron {
  try {
    const cron = new Cron(expression, { timezone, paused: true })
    if (cron.nextRun() !== null) return cron
  } catch (cause) {
    const reason = (cause as Error).message.replace(/^Cron\w+: /, '')
    throw new DwhError('CONFIG_INVALID', `${setting} "${expression}": ${reason}`, { cause, hint: HINT })
  }
  throw new DwhError('CONFIG_INVALID', `${setting} "${expression}": there is no such time`, { hint: HINT })
}

function hasOpenHours(expression: string): boolean {
  const fields = expression.trim().split(/\s+/)
  if (fields.length < 5) return expression === '@hourly'
  return fields[fields.length === 5 ? 1 : 2]?.includes('*') ?? false
}
