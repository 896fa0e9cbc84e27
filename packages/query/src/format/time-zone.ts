/** A time zone as DuckDB names it. */
export interface TimeZone {
  readonly name: string
  /** Returns how far the local time is ahead of UTC at an instant, in seconds. `micros` counts from 1970, in UTC. */
  offsetAt(micros: bigint): number
}

/**
 * Returns a time zone of the IANA database by its name. A name that only DuckDB knows counts as UTC: its instants stay
 * right, and their offset says that they are in UTC.
 */
export function timeZone(name: string): TimeZone {
  const local = name === 'UTC' ? null : localTime(name)
  if (local === null) return UTC
  const known = new Map<bigint, number>()
  return {
    name,
    offsetAt(micros) {
      if (micros < LAST_ODD_CHANGE) return offsetOf(local, micros)
      const quarter = micros / QUARTER_HOUR
      const offset = known.get(quarter) ?? offsetOf(local, micros)
      if (known.size >= MAX_KNOWN) known.clear()
      known.set(quarter, offset)
      return offset
    },
  }
}

export const UTC: TimeZone = { name: 'UTC', offsetAt: () => 0 }

/** Since Liberia's change of 1972-01-07 every change of an offset was at a quarter of an hour. */
const LAST_ODD_CHANGE = 63_600_000_000_000n
const QUARTER_HOUR = 900_000_000n
/** Quarters of an hour whose offset is held in memory. */
const MAX_KNOWN = 100_000
/** JavaScript's dates end 100,000,000 days before and after 1970. */
const MAX_MILLIS = 8_640_000_000_000_000n

function localTime(name: string): Intl.DateTimeFormat | null {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset', year: 'numeric' })
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  }
}

function offsetOf(local: Intl.DateTimeFormat, micros: bigint): number {
  let millis = micros / 1000n
  if (micros < 0n && micros % 1000n !== 0n) millis -= 1n
  if (millis > MAX_MILLIS) millis = MAX_MILLIS
  if (millis < -MAX_MILLIS) millis = -MAX_MILLIS
  const name = local.formatToParts(Number(millis)).find(({ type }) => type === 'timeZoneName')?.value ?? ''
  const [, sign, hours, minutes, seconds = '0'] = /^GMT([+-])(\d\d):(\d\d)(?::(\d\d))?$/.exec(name) ?? []
  if (sign === undefined) return 0
  const size = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)
  return sign === '-' ? -size : size
}

/** Returns an offset as `+01:00` or, where the zone has it, `+00:34:08`; `Z` for UTC's. */
export function isoOffset(seconds: number): string {
  if (seconds === 0) return 'Z'
  return offsetText(seconds, true)
}

/** Returns an offset as Postgres prints it: `+00`, `+01`, `+05:45`, `+00:34:08`. */
export function shortOffset(seconds: number): string {
  return offsetText(seconds, false)
}

function offsetText(offset: number, minutesAlways: boolean): string {
  const size = Math.abs(offset)
  const [hours, minutes, seconds] = [Math.floor(size / 3600), Math.floor(size / 60) % 60, size % 60].map((part) =>
    String(part).padStart(2, '0'),
  )
  const tail = seconds !== '00' ? `:${minutes}:${seconds}` : minutes !== '00' || minutesAlways ? `:${minutes}` : ''
  return `${offset < 0 ? '-' : '+'}${hours}${tail}`
}
