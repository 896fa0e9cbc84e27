import {
  type Day,
  type EtlState,
  highestColumnId,
  own,
  type RetiredGroup,
  sizeOfFiles,
  type TableEntry,
} from '@dwh/core'
import type { Lists, Publication } from './publication.ts'

/** Returns the current tables after the commit. Does not change a table whose current day is later than the run's. */
export function nextTables(base: EtlState, { date, tables: ofRun, dropped }: Publication): Record<string, TableEntry> {
  const tables: Record<string, TableEntry> = { ...base.tables }
  for (const name of dropped) delete tables[name]
  for (const [name, entry] of Object.entries(ofRun)) if ((tables[name]?.date ?? '') <= date) tables[name] = entry
  return tables
}

/** Returns `etl.json` after the commit of a run. */
export function nextState(base: EtlState, publication: Publication, { months, pending, retired }: Lists): EtlState {
  const { runId, startedAt, now } = publication
  const tables = nextTables(base, publication)
  return {
    ...base,
    last_run_at: now.toISOString(),
    status: Object.keys(publication.failed).length === 0 ? 'success' : 'partial',
    duration_ms: durationOf(startedAt, now),
    counts: countRows(tables),
    run_id: runId,
    ...lastRunOfAll(base, publication, tables),
    sources: { ...base.sources, ...publication.sources },
    fencing_token: base.fencing_token + 1,
    months,
    copies_pending: withDays(base.copies_pending, pending),
    retired: [...base.retired.filter((group) => !isOver(group, now)), retired],
    tables,
    ...formerTables(base, tables),
    column_ids: columnIds(base, publication.tables),
    failed_tables: failedTables(base, publication, tables),
    last_failure: null,
  }
}

/** Whether a group tells nothing any more, and nothing is to be removed for it. */
function isOver({ until, days, keys }: RetiredGroup, now: Date): boolean {
  return until !== null && days.length + keys.length === 0 && Date.parse(until) < now.getTime()
}

/** A run for an earlier day that leaves a current table as it is does not count as one of all tables. */
function lastRunOfAll(
  base: EtlState,
  { runId, ofAll = false, tables: ofRun, startedAt, now }: Publication,
  tables: EtlState['tables'],
): Pick<EtlState, 'last_run_of_all'> {
  if (!ofAll || Object.entries(ofRun).some(([name, entry]) => own(tables, name) !== entry))
    return base.last_run_of_all === undefined ? {} : { last_run_of_all: base.last_run_of_all }
  return { last_run_of_all: { run_id: runId, at: now.toISOString(), duration_ms: durationOf(startedAt, now) } }
}

/** In milliseconds; a clock may be set back meanwhile. */
function durationOf(startedAt: Date, now: Date): number {
  return Math.max(0, now.getTime() - startedAt.getTime())
}

/** Returns the rows of each table. */
export function countRows(tables: EtlState['tables']): EtlState['counts'] {
  return Object.fromEntries(Object.entries(tables).map(([name, { files }]) => [name, sizeOfFiles(files).rows]))
}

/** Adds days to those whose plain copies are pending. */
export function withDays(pending: readonly Day[], days: readonly Day[]): Day[] {
  return [...new Set([...pending, ...days])].sort()
}

function columnIds({ column_ids }: EtlState, tables: Publication['tables']): EtlState['column_ids'] {
  const highest = Object.entries(tables).map(([name, { columns }]): [string, number] => {
    return [name, Math.max(own(column_ids, name) ?? 0, highestColumnId(columns))]
  })
  return Object.fromEntries([...Object.entries(column_ids), ...highest])
}

function formerTables(base: EtlState, tables: EtlState['tables']): Pick<EtlState, 'former_tables'> {
  const known = new Set([...(base.former_tables ?? []), ...Object.keys(base.tables)])
  const former = [...known].filter((name) => !Object.hasOwn(tables, name)).sort()
  return former.length === 0 && base.former_tables === undefined ? {} : { former_tables: former }
}

/**
 * Returns the tables that failed, in this run or earlier. A run for an earlier day does not affect a table whose
 * current day is later.
 */
function failedTables(
  base: EtlState,
  { runId, date, failed, now }: Publication,
  tables: EtlState['tables'],
): EtlState['failed_tables'] {
  const earlier = Object.entries(base.failed_tables).filter(([name]) => tables[name] && tables[name].run_id !== runId)
  const later = Object.entries(failed).filter(([name]) => (tables[name]?.date ?? '') <= date)
  const at = now.toISOString()
  return Object.fromEntries([...earlier, ...later.map(([name, why]) => [name, { run_id: runId, at, ...why }] as const)])
}
