import {
  type CopyPolicy,
  type Day,
  type EtlState,
  type FileEntry,
  type ObjectStore,
  partKey,
  type SourceSnapshot,
  type TableEntry,
} from '@dwh/core'
import { hashOf } from './objects.ts'
import type { Code, RunPlan } from './run-plan.ts'

/** What a source tells of a table, to compare it later. */
const SEEN = { kind: 'simulated', version: 1 }
const SETTINGS = hashOf('as ever')
const CHANGED = { id: 'rows-changed', text: 'rows have changed' } as const

type Planned = Parameters<Code['detectChanges']>[0]

/** Returns the entries of a run: of files that it stores, or of those that its base has for an unchanged table. */
export async function entriesOf(
  code: Code,
  store: ObjectStore,
  state: EtlState,
  { runId, date, tables }: RunPlan,
  now: Date,
): Promise<Record<string, TableEntry>> {
  const info = { source: { kind: 'simulated' }, id: null, position: null, takenAt: now.toISOString() }
  const snapshot: Pick<SourceSnapshot, 'info' | 'detect'> = {
    info,
    detect: async (requests) =>
      requests.map(({ earlier }, i) => {
        if (earlier !== null && !tables[i]!.changed) return { changed: false, state: SEEN, by: 'count' }
        return { changed: true, state: SEEN, reason: CHANGED }
      }),
  }
  const snapshots = new Map([['default', snapshot as SourceSnapshot]])
  const steps = tables.map((table) => ({
    ...table,
    source: 'default',
    where: null,
    settings: SETTINGS,
    verify: 'counts',
  }))
  const planned = { date, tables: steps } as unknown as Planned
  const detected = await code.detectChanges(planned, { store, state, snapshots, reproveMs: Number.POSITIVE_INFINITY })
  const entries = detected.tables.map((table, i) => {
    if (table.step.action === 'keep')
      return [table.name, code.keptEntry(table, { runId, date, snapshot: info }, table.step)] as const
    return [
      table.name,
      entryOf(runId, date, table.name, { complete: tables[i]!.complete, takenAt: info.takenAt }),
    ] as const
  })
  return Object.fromEntries(entries)
}

export function bytesOf(runId: string, table: string): string {
  return `${runId} ${table}`
}

interface EntryFields {
  /** Absent: that of a file of this version, which the source can compare. */
  readonly key?: string
  readonly complete?: CopyPolicy
  readonly takenAt?: string
}

/** The entry of a table that a run has read. */
export function entryOf(
  runId: string,
  date: Day,
  name: string,
  { key, complete = 'daily', takenAt = '' }: EntryFields = {},
): TableEntry {
  const body = bytesOf(runId, name)
  const file = { rows: 1, bytes: body.length, sha256: hashOf(body) }
  return {
    source: { name: 'default', schema: 'public', table: name },
    run_id: runId,
    date,
    mode: 'snapshot',
    snapshot: { id: null, position: null, taken_at: takenAt },
    files: [{ key: key ?? partKey({ schema: 'public', name }, date, runId), ...file }],
    columns: [],
    proof: { level: 'counts', rows: 1 },
    schema_hash: '',
    primary_key: [],
    ...(complete === 'daily' ? {} : { complete }),
    watermark: null,
    lossy_conversions: {},
    ...(key === undefined ? { detection: { state: SEEN, settings: SETTINGS } } : {}),
  }
}

export function fileOf(entry: TableEntry): FileEntry {
  return entry.files[0]!
}
