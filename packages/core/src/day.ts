import { DwhError } from './errors.ts'

/** A calendar day, `YYYY-MM-DD`, from 0001-01-01 to 9999-12-31. Days compare as strings. */
export type Day = string

/**
 * Parses a day, and checks that it exists.
 * @throws DwhError CONFIG_INVALID
 */
export function parseDay(text: string): Day {
  if (/^\d{4}-\d\d-\d\d$/.test(text) && !text.startsWith('0000')) {
    const date = new Date(`${text}T00:00:00Z`)
    if (!Number.isNaN(date.getTime()) && date.toISOString().startsWith(text)) return text
  }
  throw new DwhError('CONFIG_INVALID', `date ${JSON.stringify(text)}: not a day`, {
    hint: 'Write a day as YYYY-MM-DD, for example 2026-02-18.',
  })
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
