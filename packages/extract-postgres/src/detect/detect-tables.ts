import { type ChangeReason, type Detection, type DetectionRequest, formatTableName, plural } from '@dwh/core'
import type { PgTable } from '../catalog/list-tables.ts'
import { selectColumns } from '../read/select-columns.ts'
import type { SnapshotReader } from '../snapshot-reader.ts'
import { type CatalogFingerprint, readFingerprints } from './catalog-fingerprint.ts'
import { isCountable, type RowCount } from './count-rows.ts'
import { countTables, type TableToCount } from './count-tables.ts'
import { type PostgresDetectionState, parseState, toState } from './detection-state.ts'
import { type KnownOfSnapshot, readHistory, whyOtherServer } from './server-history.ts'
import { tableFingerprint } from './table-fingerprint.ts'
import { whyNoFingerprint, whyNotDetectable } from './why-not-detectable.ts'

export interface DetectTablesOptions {
  readonly known: KnownOfSnapshot
  /** Number of readers that count at once. */
  readonly parallel: number
  readonly signal: AbortSignal | undefined
}

/**
 * Implements `SourceSnapshot.detect`. The catalog of the snapshot decides first, for all tables together; only tables
 * for which it sees no change are counted.
 */
export async function detectTables(
  reader: SnapshotReader,
  requests: readonly DetectionRequest[],
  options: DetectTablesOptions,
): Promise<Detection[]> {
  const all = await reader.fromCatalog(reader.list())
  const listed = requests.map(({ table }) => all.get(formatTableName(table)))
  const tables = requests.map(({ table }, at) => selectColumns(listed[at], table))
  const stored = (listed as PgTable[]).filter((table, at) => whyNoFingerprint(table, requests[at]?.where) === null)
  const { history, fingerprints } = await reader.fromCatalog(
    reader.onHolder(async (holder) => ({
      history: await readHistory(holder, options.known),
      fingerprints: await readFingerprints(holder, stored),
    })),
  )
  const decided = requests.map((request, at): Detection | ToCount => {
    const table = tables[at] as PgTable
    const kind = whyNoFingerprint(table, request.where)
    if (kind !== null) return changed('not-detectable', kind, null)
    if (typeof history === 'string') return changed('not-detectable', history, null)
    if (typeof fingerprints === 'string') return changed('not-detectable', fingerprints, null)
    const found = fingerprints.get(table.oid) as CatalogFingerprint
    const why = whyNotDetectable(table, found)
    if (why !== null) return changed('not-detectable', why, null)
    return compare(request, toState(history, tableFingerprint(listed[at] as PgTable, table, found)))
  })
  const counted = await countTables(reader, toCount(decided, tables), options)
  return decided.map((each, at) => ('changed' in each ? each : judge(each, counted.get(at) as RowCount | Error)))
}

/** A table that the catalog alone does not decide. */
interface ToCount {
  readonly then: PostgresDetectionState
  readonly state: PostgresDetectionState
  readonly earlierRows: number
}

function toCount(decided: readonly (Detection | ToCount)[], tables: readonly PgTable[]): TableToCount[] {
  return decided.flatMap((each, at) =>
    'changed' in each ? [] : [{ at, table: tables[at] as PgTable, since: each.then.snapshot.xmin }],
  )
}

/** Compares what the catalog says; returns what to count if it sees no change. */
function compare({ earlier }: DetectionRequest, state: PostgresDetectionState): Detection | ToCount {
  if (earlier === null) return changed('no-state', 'nothing to compare with', state)
  const then = parseState(earlier.state)
  if (then === null) return changed('no-state', 'what was stored about it cannot be used', state)
  const other = whyOtherServer(then, state)
  if (other !== null) return changed('other-server', other, state)
  if (then.structure !== state.structure)
    return changed('structure-changed', 'its columns or their types changed', state)
  if (then.storage !== state.storage)
    return changed('storage-changed', 'it was truncated or rewritten, or a part was attached or detached', state)
  if (then.reading !== state.reading) return changed('reading-changed', 'it is read in another way than before', state)
  if (isIdle(then, state)) return { changed: false, state, by: 'idle' }
  if (!isCountable(then.snapshot.xmin, state.snapshot.xmax))
    return changed('not-compared', 'more than 2 billion transactions have passed', state)
  return { then, state, earlierRows: earlier.rows }
}

/**
 * True if no transaction that writes has ended between two snapshots. At the first, none below its xmax was running;
 * any that ended later would have raised xmax.
 */
function isIdle({ snapshot: then }: PostgresDetectionState, { snapshot }: PostgresDetectionState): boolean {
  return then.xmin === then.xmax && snapshot.xmax === then.xmax
}

function judge({ state, earlierRows }: ToCount, counted: RowCount | Error): Detection {
  if (counted instanceof Error) return changed('not-compared', `it could not be compared: ${counted.message}`, state)
  const { rows, fresh } = counted
  if (fresh === 0 && rows === earlierRows) return { changed: false, state, by: 'count' }
  return changed('rows-changed', whatChanged(earlierRows - rows, fresh), state)
}

/** A row of a transaction that was running at the earlier snapshot counts as fresh, even if that snapshot showed it. */
function whatChanged(fewer: number, fresh: number): string {
  if (fresh > 0) return `${plural(fresh, 'row')} written since, or by a transaction that was still running then`
  return fewer > 0 ? `${plural(fewer, 'row')} deleted` : `${plural(-fewer, 'row')} that no later transaction wrote`
}

function changed(id: ChangeReason['id'], text: string, state: PostgresDetectionState | null): Detection {
  return { changed: true, reason: { id, text }, state }
}
