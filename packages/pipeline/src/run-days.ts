import { type Day, dayAt, parseDay } from '@dwh/core'

export interface RunDays {
  /** The day under which the run is stored. */
  readonly date: Day
  readonly today: Day
}

/** Determined once, so that a run over midnight has one day. */
export function runDays(
  options: { readonly date?: string | undefined; readonly timeZone?: string | undefined },
  startedAt: Date,
): RunDays {
  const today = dayAt(startedAt, options.timeZone ?? 'UTC')
  return { date: options.date !== undefined ? parseDay(options.date, today) : today, today }
}
