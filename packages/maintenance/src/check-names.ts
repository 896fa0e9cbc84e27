import {
  isInternal,
  LEASE_KEY,
  manifestDay,
  manifestKey,
  type ObjectStore,
  PROBE_PREFIX,
  RETAINED_PREFIX,
  RUNS_PREFIX,
  runRecordKey,
  STAGE_PREFIX,
  STATE_KEY,
  stageKey,
} from '@dwh/core'
import { parseRunRecord } from '@dwh/metadata'
import { expectedFiles } from './expected-files.ts'
import type { Problem, Report } from './problem.ts'
import { isUnreadable, type WarehouseView } from './read-warehouse.ts'

export interface CheckedNames extends UnnamedObjects {
  readonly problems: readonly Problem[]
}

export interface UnnamedObjects {
  /** Objects of interrupted runs, which the next run removes, and of runs in progress. */
  readonly orphans: readonly string[]
  /** Objects that do not belong to the warehouse, such as a note beside the tables. */
  readonly unknown: readonly string[]
}

/** Checks everything but the bytes: `etl.json`, manifests, records, and objects that no manifest names. */
export async function checkNames(view: WarehouseView, store: ObjectStore): Promise<CheckedNames> {
  const problems: Problem[] = []
  const report: Report = (kind, key, message) => void problems.push({ kind, key, message })
  for (const [key, error] of view.unreadable) report('invalid', key, error.message)
  if (!view.state && !view.unreadable.has(STATE_KEY) && view.objects.size > 0)
    report('missing', STATE_KEY, `${STATE_KEY}: missing`)
  checkManifests(view, report)
  await checkRecords(store, view, report)
  return { problems, ...checkUnnamed(view, report) }
}

/** Checks that the manifest of the day also contains each current table. */
function checkManifests({ state, manifests, unreadable }: WarehouseView, report: Report): void {
  for (const [name, entry] of Object.entries(state?.tables ?? {})) {
    const key = manifestKey(entry.date)
    if (unreadable.has(key)) continue
    const manifest = manifests.get(entry.date)
    if (!manifest) report('missing', key, `${key}: missing; ${name} is current as of that day`)
    else if (JSON.stringify(manifest.tables[name]) !== JSON.stringify(entry))
      report('differs', key, `${key}: contradicts ${STATE_KEY} about ${name}`)
  }
}

async function checkRecords(store: ObjectStore, { objects }: WarehouseView, report: Report): Promise<void> {
  for (const key of objects.keys()) {
    if (!key.startsWith(RUNS_PREFIX)) continue
    try {
      const object = await store.get(key)
      if (!object) continue
      const record = parseRunRecord(key, object.body)
      if (key !== runRecordKey(record.run_id))
        report('differs', key, `${key}: holds the record of another run, ${record.run_id}`)
    } catch (error) {
      if (!isUnreadable(error)) throw error
      report('invalid', key, error.message)
    }
  }
}

/**
 * Finds objects that no manifest names. In a table's folder, tools that read the folder would take them for its rows.
 */
function checkUnnamed(view: WarehouseView, report: Report): UnnamedObjects {
  const { objects, manifests } = view
  const named = new Set([STATE_KEY, LEASE_KEY, ...namedKeys(view)])
  const orphans: string[] = []
  const unknown: string[] = []
  for (const key of objects.keys()) {
    const day = manifestDay(key)
    if (named.has(key) || key.startsWith(RUNS_PREFIX) || (day !== null && manifests.has(day))) continue
    if ([STAGE_PREFIX, RETAINED_PREFIX, PROBE_PREFIX].some((prefix) => key.startsWith(prefix))) orphans.push(key)
    else if (day !== null) continue
    else if (isInternal(key) || key.endsWith('.parquet')) report('extra', key, `${key}: no manifest names it`)
    else unknown.push(key)
  }
  return { orphans, unknown }
}

/**
 * Returns the keys that the warehouse refers to, including objects that the next run will finish to remove, and
 * retained objects. Readers check every byte of retained objects themselves.
 */
function namedKeys(view: WarehouseView): string[] {
  const { publishing = null, retained = [], pruned = [] } = view.state ?? {}
  const staged = publishing?.keys.map((key) => stageKey(publishing.run_id, key)) ?? []
  const going = pruned.flatMap(({ keys }) => keys)
  const expected = [...expectedFiles(view).values()].map(({ file }) => file.key)
  return [...expected, ...staged, ...retained.map((file) => file.retained_as), ...going]
}
