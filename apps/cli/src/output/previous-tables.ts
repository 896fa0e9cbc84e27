import type { EtlState, RunRecord, TableEntry } from '@dwh/core'
import { alignColumns } from './lines.ts'

/** Lists the tables that a run failed to load, each with the reason and what to do. Empty after a run that loaded all. */
export function previousLines({ tables, status }: RunRecord, state: EtlState, width: number | undefined): string {
  if (status !== 'partial') return ''
  const failed = Object.entries(tables).flatMap(([name, table]) => {
    if (table.status !== 'failed') return []
    const hints = table.hint?.split('\n').map((line) => ['', '', `  ${line}`]) ?? []
    return [['', state.tables[name]?.date ?? 'no version yet', table.message], ...hints]
  })
  return `Failed; still showing the previous version:\n${alignColumns(failed, [], { width, wrap: true })}`
}

/** Day and run of the version that each failed table still shows; null for a table without one. */
export function previousTables(
  { tables, status }: RunRecord,
  { tables: current }: EtlState,
): Record<string, Pick<TableEntry, 'date' | 'run_id'> | null> {
  if (status !== 'partial') return {}
  const failed = Object.keys(tables).filter((name) => tables[name]?.status === 'failed')
  return Object.fromEntries(
    failed.map((name) => {
      const entry = current[name]
      return [name, entry ? { date: entry.date, run_id: entry.run_id } : null]
    }),
  )
}
