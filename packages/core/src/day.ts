import { DwhError } from './errors.ts'

/** A calendar day, `YYYY-MM-DD`, from 0001-01-01 to 9999-12-31. Days compare as strings. */
export type Day = string

const DAY_MS = 24 * 60 * 60 * 1000

/**
 * Parses one day as people write it: `2026-02-18`, `today`, `yesterday` or `3 days ago`. `today` is the day now in the
 * time zone of the warehouse.
 * @throws DwhError CONFIG_INVALID for any other text, and for a day that does not exist
 */
export function parseDay(text: string, today: Day): Day {
  const day = exactDay(text.trim()) ?? relativeDay(text, today)
  if (day !== null) return day
  throw new DwhError('CONFIG_INVALID', `date ${JSON.stringify(text)}: not a day`, {
    hint: 'Write a day as YYYY-MM-DD, for example 2026-02-18, or as today, yesterday or "3 days ago".',
  })
}

/**
 * Parses the day of "as of": as `parseDay`, or a month or a year, `2026-01` or `2025`, which means its last day.
 * @throws DwhError CONFIG_INVALID
 */
export function parseAsOf(text: string, today: Day): Day {
  const [, year, month] = /^(\d{4})(?:-(0[1-9]|1[0-2]))?$/.exec(text.trim()) ?? []
  if (year === undefined || year === '0000') return parseDay(text, today)
  // day 0 of the next month
  const last = utc(year, Number(month ?? 12), 0)
  return last.toISOString().slice(0, 10)
}

function exactDay(text: string): Day | null {
  if (!/^\d{4}-\d\d-\d\d$/.test(text) || text.startsWith('0000')) return null
  const date = new Date(`${text}T00:00:00Z`)
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text) ? text : null
}

function relativeDay(text: string, today: Day): Day | null {
  const words = text.trim().toLowerCase()
  const [, days] = /^(\d{1,7}) days? ago$/.exec(words) ?? []
  const ago = words === 'today' ? 0 : words === 'yesterday' ? 1 : days === undefined ? null : Number(days)
  if (ago === null) return null
  return daysBefore(today, ago)
}

/** Returns the day that is so many days before another; null before 0001-01-01. */
export function daysBefore(day: Day, count: number): Day | null {
  const date = new Date(new Date(`${day}T00:00:00Z`).getTime() - count * DAY_MS)
  return exactDay(date.toISOString().slice(0, 10))
}

/** `Date.UTC` takes the years 0 to 99 as 1900 to 1999. */
function utc(year: string, month: number, day: number): Date {
  const date = new Date(0)
  date.setUTCFullYear(Number(year), month, day)
  return date
}

/**
 * Returns the calendar day in `timeZone` (an IANA name, such as `Europe/Zurich`) at `instant`.
 * @throws DwhError CONFIG_INVALID for a time zone that does not exist
 */
export function dayAt(instant: Date, timeZone: string): Day {
  const unknown = (cause?: unknown) =>
    new DwhError('CONFIG_INVALID', `time zone ${JSON.stringify(timeZone)}: not known`, {
      hint: 'Use an IANA name such as UTC, Europe/Zurich or America/New_York.',
      cause,
    })
  // Node 22 accepts an offset such as +01:00; DuckDB does not, and an offset has no daylight saving
  if (/^[+-]/.test(timeZone)) throw unknown()
  let parts: Intl.DateTimeFormatPart[]
  try {
    const format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      calendar: 'iso8601',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
    })
    parts = format.formatToParts(instant)
  } catch (cause) {
    throw unknown(cause)
  }
  const part = (type: string) => parts.find((p) => p.type === type)?.value ?? ''
  return `${part('year').padStart(4, '0')}-${part('month')}-${part('day')}`
}
