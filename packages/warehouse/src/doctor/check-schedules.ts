import { type Config, type TableSchedule, tableSchedules } from '@dwh/config'
import { formatTableName, isDwhError, matchesTable, type TableSchema } from '@dwh/core'
import { checkOnly, foreignKeyNotes, type PlanNote, type Selection } from '@dwh/pipeline'
import { failed, failureOf, type Outcome } from './finding.ts'

/** What `schedule.tables` means for the tables that are selected. */
export interface CheckedSchedules {
  /** Why one of its runs would fail; null if none would. */
  readonly problem: Outcome | null
  /** Foreign keys to tables that the same run does not read. */
  readonly notes: readonly PlanNote[]
}

/** Checks every entry of `schedule.tables` as the plan of its run would. */
export function checkSchedules(selection: Selection, tables: readonly TableSchema[], config: Config): CheckedSchedules {
  const notes: PlanNote[] = []
  try {
    for (const { name, tables: patterns } of schedulesOf(config)) {
      const problem = patternsProblem(name, patterns, selection, tables)
      if (problem !== null) return { problem, notes }
      const read = selection.selected.filter(({ table }) => patterns.some((pattern) => matchesTable(pattern, table)))
      const others = selection.selected.filter((table) => !read.includes(table))
      const found = foreignKeyNotes(
        read.map(({ table }) => table),
        new Set(others.map(({ table }) => formatTableName(table))),
      )
      notes.push(...found.map((note) => ({ ...note, found: `schedule.tables: ${name}: ${note.found}` })))
    }
    return { problem: null, notes }
  } catch (error) {
    return { problem: failureOf(error), notes }
  }
}

function schedulesOf(config: Config): TableSchedule[] {
  let { schedule }: { schedule: Config['schedule'] } = { schedule: {} }
  try {
    schedule = config.schedule
  } catch {
    // its variables may be set for the scheduler only
  }
  return tableSchedules(schedule)
}

function patternsProblem(
  name: string,
  patterns: readonly string[],
  selection: Selection,
  tables: readonly TableSchema[],
): Outcome | null {
  try {
    checkOnly(patterns, [{ tables, selection }])
    return null
  } catch (error) {
    if (!isDwhError(error)) throw error
    return failed(`schedule.tables: ${name}: ${error.message}`, error.hint ?? null)
  }
}
