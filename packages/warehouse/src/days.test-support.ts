import { createHash } from 'node:crypto'
import { join } from 'node:path'
import {
  type Day,
  type DayManifest,
  type EtlState,
  manifestKey,
  monthOf,
  type ObjectStore,
  partKey,
  STATE_KEY,
  stageKey,
  type TableEntry,
  tableFileKey,
} from '@dwh/core'
import { type DayFiles, EMPTY_STATE, putManifest, putMonths, serialise } from '@dwh/metadata'
import { localStore } from '@dwh/storage'
import { temporaryFolder } from '@dwh/test-kit'

/** Rows by table, or rows and columns. */
export type TablesOfDay = Readonly<
  Record<string, number | { readonly rows: number; readonly columns: readonly string[] }>
>

export interface TestDays {
  readonly folder: string
  readonly store: ObjectStore
  readonly state: EtlState
}

/**
 * Makes a warehouse in a folder that has only the metadata of these days; `publishing` is a day of a warehouse of
 * version 3 whose list is still staged, `older` makes such a warehouse without one.
 */
export async function testDays(
  days: Readonly<Record<Day, TablesOfDay>>,
  { publishing, older = publishing !== undefined }: { readonly publishing?: Day; readonly older?: boolean } = {},
): Promise<TestDays> {
  const folder = join(await temporaryFolder(), 'lake')
  const store = localStore({ path: folder })
  let tables: Record<string, TableEntry> = {}
  const months = new Map<string, Map<Day, DayFiles>>()
  for (const [date, given] of Object.entries(days).sort()) {
    const entries = Object.entries(given).map(([name, is]) => [name, entryOf(name, date, is, older)] as const)
    const manifest: DayManifest = { version: 4, date, run_id: runOf(date), tables: Object.fromEntries(entries) }
    const key = manifestKey(date)
    if (older) await store.put(date === publishing ? stageKey(runOf(date), key) : key, serialise(manifest))
    else {
      const month = months.get(monthOf(date)) ?? new Map<Day, DayFiles>()
      months.set(monthOf(date), month.set(date, await putManifest(store, runOf(date), manifest)))
    }
    tables = { ...tables, ...manifest.tables }
  }
  const last = Object.keys(days).sort().at(-1)
  const runId = runOf(last ?? '2026-01-01')
  const root = [...months.keys()].at(-1)
  const named = root ? await putMonths(store, EMPTY_STATE, { runId, months, root, tables: {}, sources: {} }) : {}
  const state: EtlState = {
    ...EMPTY_STATE,
    tables,
    months: named,
    ...(last === undefined ? {} : { status: 'success', run_id: runId, last_run_at: `${last}T03:00:12.000Z` }),
    ...(older
      ? {
          older: {
            publishing: publishing === undefined ? null : { run_id: runOf(publishing), date: publishing, keys: [] },
            retained: [],
            pruned: [],
          },
        }
      : {}),
  }
  await store.put(STATE_KEY, serialise(state))
  return { folder, store, state }
}

export const runOf = (day: Day): string => `${day.replaceAll('-', '')}T030000Z-00000000`

function entryOf(name: string, date: Day, is: TablesOfDay[string], older: boolean): TableEntry {
  const { rows, columns } = typeof is === 'number' ? { rows: is, columns: ['id'] } : is
  const table = { schema: 'public', name }
  const key = older ? tableFileKey(table, date) : partKey(table, date, runOf(date))
  const sha256 = createHash('sha256').update(`${name} ${rows} ${columns}`).digest('hex')
  return {
    source: { name: 'default', schema: 'public', table: name },
    run_id: runOf(date),
    date,
    mode: 'snapshot',
    snapshot: { id: null, position: null, taken_at: `${date}T03:00:00.000Z` },
    files: [{ key, rows, bytes: rows * 10, sha256 }],
    columns: columns.map((column) => ({ name: column, type: 'BIGINT', nullable: true, source_type: 'bigint' })),
    proof: { level: 'counts', rows },
    schema_hash: 'x',
    primary_key: [],
    watermark: null,
    lossy_conversions: {},
  }
}
