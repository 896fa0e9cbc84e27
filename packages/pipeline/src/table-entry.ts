import { createHash } from 'node:crypto'
import {
  assignColumnIds,
  type ColumnEntry,
  type Day,
  type FileEntry,
  type FileFooter,
  FOOTER_KEY,
  type ProofEntry,
  type SnapshotInfo,
  type TableEntry,
} from '@dwh/core'
import { FORMAT_VERSION } from '@dwh/metadata'
import type { TablePlan } from './plan-run.ts'
import type { KeepStep } from './table-step.ts'

/** What the run and its snapshot add to the entry of every table. */
export interface EntryContext {
  readonly runId: string
  readonly date: Day
  readonly snapshot: SnapshotInfo
  readonly lossyConversions: TableEntry['lossy_conversions']
}

/** The manifest entry of one table, when its file is known. */
export function tableEntry(plan: TablePlan, context: EntryContext, file: FileEntry, proof: ProofEntry): TableEntry {
  const { settings, step } = plan
  const detection = step.state ? { detection: { state: step.state, settings } } : {}
  return { ...knownBefore(plan, context), files: [file], proof, ...detection }
}

/** The entry of a table that has not changed: its current files are those of this run, too. */
export function keptEntry(
  plan: TablePlan,
  { runId, date, snapshot }: Omit<EntryContext, 'lossyConversions'>,
  { entry, state, prove }: KeepStep,
): TableEntry {
  const { read_at = entry.snapshot.taken_at, proved_at = entry.snapshot.taken_at } = entry
  const { complete: _, ...same } = entry
  return {
    ...same,
    ...completeField(plan),
    run_id: runId,
    date,
    snapshot: snapshotEntry(snapshot),
    read_at,
    proved_at: prove ? snapshot.takenAt : proved_at,
    detection: { state, settings: plan.settings },
  }
}

function completeField({ complete }: TablePlan): Pick<TableEntry, 'complete'> {
  return complete === 'daily' ? {} : { complete }
}

function snapshotEntry({ id, position, takenAt }: SnapshotInfo): TableEntry['snapshot'] {
  return { id, position, taken_at: takenAt }
}

/**
 * Metadata for the footer of the file, under `dwh`: the part of the entry that is known before the first byte, the name
 * of the table, its database, and the names of all tables that are current after the commit. With this metadata, and
 * the rows, size and hash of the file, the manifest can be rebuilt from the files alone.
 */
export function footerMetadata(
  plan: TablePlan,
  context: EntryContext,
  current: readonly string[],
): Record<string, string> {
  const { source } = context.snapshot
  const footer: FileFooter = {
    version: FORMAT_VERSION,
    name: plan.name,
    ...knownBefore(plan, context),
    identity: source,
    current,
  }
  return { [FOOTER_KEY]: JSON.stringify(footer) }
}

/** The columns of a table whose types are decided, in their order, with their ids. */
export function columnEntries(plan: TablePlan): readonly ColumnEntry[] {
  const columns = plan.columns.map((column) => ({
    name: column.as,
    type: column.type,
    nullable: column.nullable ?? true,
    source_type: column.sourceType ?? null,
    ...(column.storeAs ? { stored_as: column.storeAs } : {}),
    ...(column.storedFor ? { stored_for: column.storedFor } : {}),
  }))
  return assignColumnIds(columns, plan.earlierColumns, plan.lastColumnId).columns
}

function knownBefore(plan: TablePlan, { runId, date, snapshot, lossyConversions }: EntryContext) {
  const columns = columnEntries(plan)
  return {
    source: { name: plan.source, schema: plan.table.schema, table: plan.table.name },
    run_id: runId,
    date,
    mode: 'snapshot' as const,
    snapshot: snapshotEntry(snapshot),
    columns,
    schema_hash: createHash('sha256').update(JSON.stringify(columns)).digest('hex'),
    primary_key: plan.primaryKey,
    ...completeField(plan),
    watermark: null,
    lossy_conversions: lossyConversions,
  }
}
