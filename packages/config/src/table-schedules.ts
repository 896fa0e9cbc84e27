import { DwhError } from '@dwh/core'
import type { ScheduleValues } from './config-values.ts'

/** An entry of `schedule.tables`. */
export interface TableSchedule {
  /** Unique. */
  readonly name: string
  /** A cron expression that is not checked yet, or `off`. */
  readonly run: string
  /** Patterns, as after `dwh run --tables`; at least one. */
  readonly tables: readonly string[]
  /** Undefined: that of all jobs. */
  readonly deadlineMs: number | undefined
}

/** Maximum number of patterns in the name of an entry. */
const SHOWN = 5

const HINT = 'Write for each entry, for example: { run: "*/5 * * * *", tables: [orders, order_items] }.'

/**
 * Returns the entries of `schedule.tables`, in order.
 * @throws DwhError CONFIG_INVALID for an entry without `run` or `tables`, and for two entries of the same name
 */
export function tableSchedules({ tables: entries = [] }: ScheduleValues): TableSchedule[] {
  const schedules = entries.map(({ run, tables = [], name, deadline }, index): TableSchedule => {
    const shown = name ?? nameOf(tables)
    const at = `schedule.tables: entry ${index + 1}${shown === '' ? '' : ` (${shown})`}`
    if (tables.length === 0 || tables.includes('')) throw invalid(`${at}: no tables`, HINT)
    if (run === undefined) throw invalid(`${at}: no run, which says when`, HINT)
    return { name: shown, run, tables, deadlineMs: deadline }
  })
  const names = schedules.map(({ name }) => name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice === undefined) return schedules
  throw invalid(
    `schedule.tables: two entries are called ${twice}`,
    'Give one of them a name: logs, alerts and metrics name the entry.',
  )
}

function nameOf(patterns: readonly string[]): string {
  const more = patterns.length > SHOWN ? ` and ${patterns.length - SHOWN} more` : ''
  return `${patterns.slice(0, SHOWN).join(', ')}${more}`
}

function invalid(message: string, hint: string): DwhError {
  return new DwhError('CONFIG_INVALID', message, { hint })
}
