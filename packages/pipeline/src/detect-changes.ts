import {
  type Detection,
  type EarlierRows,
  type EtlState,
  isInternal,
  type ObjectStore,
  type OnEvent,
  own,
  type ProofLevel,
  type ReadReason,
  type SourceSnapshot,
  sizeOfFiles,
  type TableEntry,
} from '@dwh/core'
import type { RunPlan, TablePlan } from './plan-run.ts'
import { isProofDue } from './renew-proof.ts'
import type { TableStep } from './table-step.ts'

export interface DetectChangesOptions {
  readonly store: ObjectStore
  readonly state: EtlState
  /** Open snapshots by source name. */
  readonly snapshots: ReadonlyMap<string, SourceSnapshot>
  /** Read every table in full. Default false. */
  readonly fullRefresh?: boolean | undefined
  /** The age at which a proof is renewed, in milliseconds; 0: in each run. Default 7 days. */
  readonly reproveMs?: number | undefined
  readonly signal?: AbortSignal | undefined
  readonly onEvent?: OnEvent | undefined
}

const LEVELS: readonly ProofLevel[] = ['counts', 'columns', 'hash']

/**
 * Decides for each table of a plan whether it is read, and why. The sources say which tables have the rows of their
 * current files; these files are published again if they are still in the storage.
 * @throws DwhError as `SourceSnapshot.detect` and the store do
 */
export async function detectChanges(plan: RunPlan, options: DetectChangesOptions): Promise<RunPlan> {
  const steps = new Map<string, TableStep>()
  options.onEvent?.({ type: 'detect', tables: plan.tables.length })
  const decided = [...options.snapshots].map(async ([source, snapshot]) => {
    const tables = plan.tables.filter((table) => table.source === source)
    for (const [name, step] of await decideSteps(tables, snapshot, options)) steps.set(name, step)
  })
  await Promise.all(decided)
  return { ...plan, tables: plan.tables.map((table) => ({ ...table, step: steps.get(table.name) ?? table.step })) }
}

async function decideSteps(
  tables: readonly TablePlan[],
  snapshot: SourceSnapshot,
  options: DetectChangesOptions,
): Promise<(readonly [name: string, step: TableStep])[]> {
  const held = tables.map((table) => heldRows(table, snapshot, options))
  const requests = tables.map(({ asked, where }, at) => ({
    table: asked,
    where: where ?? undefined,
    earlier: held[at]?.earlier ?? null,
  }))
  const found = (await snapshot.detect?.(requests, options.signal)) ?? []
  const steps = tables.map(async (table, at) => {
    return [table.name, await decideStep(held[at] as Held, found[at], snapshot, options)] as const
  })
  return Promise.all(steps)
}

/** What the warehouse holds of a table. */
interface Held {
  readonly entry: TableEntry | undefined
  /** Null if the source need not compare it. */
  readonly earlier: EarlierRows | null
  /** Why the source need not compare it; null for a new table, or if it is to be compared. */
  readonly reason: ReadReason | null
}

function heldRows(
  { name, settings, verify }: TablePlan,
  { profileTable }: SourceSnapshot,
  { state, fullRefresh }: DetectChangesOptions,
): Held {
  const entry = own(state.tables, name)
  const no = (id: ReadReason['id'], text: string): Held => ({ entry, earlier: null, reason: { id, text } })
  if (entry === undefined) return { entry, earlier: null, reason: null }
  if (fullRefresh) return no('full-refresh', 'a full refresh was asked for')
  const { detection, files, proof } = entry
  // up to version 3 a later run may replace a file
  if (detection === undefined || !files.every(({ key }) => isInternal(key)))
    return no('no-state', 'nothing is recorded that it could be compared with')
  if (detection.settings !== settings) return no('settings-changed', 'its columns, its key or its settings changed')
  if (profileTable && LEVELS.indexOf(proof.level) < LEVELS.indexOf(verify))
    return no('settings-changed', `its proof is now ${verify}`)
  return { entry, earlier: { state: detection.state, rows: sizeOfFiles(files).rows }, reason: null }
}

async function decideStep(
  { entry, reason }: Held,
  found: Detection | undefined,
  snapshot: SourceSnapshot,
  { store, reproveMs, signal }: DetectChangesOptions,
): Promise<TableStep> {
  const read = (why: ReadReason | null): TableStep => ({ action: 'read', reason: why, state: found?.state ?? null })
  if (entry === undefined) return read(null)
  if (found === undefined || found.changed) {
    const now: ReadReason = found?.reason ?? { id: 'not-detectable', text: 'its source does not tell what has changed' }
    // what can never be compared matters more than why it was not compared this time
    return read(now.id === 'not-detectable' && reason?.id !== 'full-refresh' ? now : (reason ?? now))
  }
  const lost = await findLost(store, entry, signal)
  if (lost !== null) return read({ id: 'file-missing', text: lost })
  const prove = isProofDue(entry, snapshot.info, reproveMs)
  if (prove && !snapshot.profileTable) return read({ id: 'proof-due', text: 'its proof is to be renewed' })
  return { action: 'keep', entry, state: found.state, prove }
}

/** Describes the first file of a table that is not in the storage as it was written; null if all are. */
async function findLost(
  store: ObjectStore,
  { files }: TableEntry,
  signal: AbortSignal | undefined,
): Promise<string | null> {
  for (const { key, bytes } of files) {
    const found = await store.head(key, { signal })
    if (found === null) return `${key}: missing`
    if (found.size !== bytes) return `${key}: ${found.size} bytes, not ${bytes}`
  }
  return null
}
