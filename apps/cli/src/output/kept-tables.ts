import type { EtlState, RunRecord, TableEntry } from '@dwh/core'
import { alignColumns } from './lines.ts'

/** Which tables a run has kept from before, and why; nothing for a run of all tables. */
export function keptLines({ tables, status }: RunRecord, state: EtlState): string {
  if (status !== 'partial') return ''
  const failed = Object.entries(tables).flatMap(([name, table]) =>
    table.status === 'failed' ? [['', state.tables[name]?.date ?? 'not there', table.message]] : [],
  )
  return `Kept from before, since they failed:\n${alignColumns(failed)}`
}

/** Of which day and run they are; null for one that is not there. */
export function keptTables(
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
