import {
  DAYS_PREFIX,
  INDEX_PREFIX,
  isInternal,
  LEASE_KEY,
  manifestDay,
  type ObjectStore,
  own,
  PARTS_PREFIX,
  PROBE_PREFIX,
  RETAINED_PREFIX,
  RUNS_PREFIX,
  recordsKey,
  runRecordKey,
  STAGE_PREFIX,
  STATE_KEY,
  stageKey,
  tableFileDay,
} from '@dwh/core'
import { filesOfDay, isSameVersion, isUnreadable, readRecords } from '@dwh/metadata'
import { plainCopies } from './check-copies.ts'
import { expectedFiles } from './expected-files.ts'
import type { Problem, Report } from './problem.ts'
import type { WarehouseView } from './read-warehouse.ts'

export interface CheckedNames extends UnnamedObjects {
  readonly problems: readonly Problem[]
}

export interface UnnamedObjects {
  /** Objects of interrupted runs, which a later run removes, and of runs in progress. */
  readonly orphans: readonly string[]
  /** Objects that do not belong to the warehouse, such as a note beside the tables. */
  readonly unknown: readonly string[]
}

/** Checks all but the bytes of files: `etl.json`, indexes, manifests, records, and objects that nothing names. */
export async function checkNames(view: WarehouseView, store: ObjectStore): Promise<CheckedNames> {
  const problems: Problem[] = []
  const report: Report = (kind, key, message) => void problems.push({ kind, key, message })
  for (const [key, error] of view.unreadable) report(view.objects.has(key) ? 'invalid' : 'missing', key, error.message)
  if (!view.state && !view.unreadable.has(STATE_KEY) && view.objects.size > 0)
    report('missing', STATE_KEY, `${STATE_KEY}: missing`)
  checkLists(view, report)
  await checkRecords(store, view, report)
  return { problems, ...checkUnnamed(view, report) }
}

/** Checks that the manifest of its day contains each current table, and that indexes and manifests agree. */
function checkLists({ state, months, manifests, unreadable }: WarehouseView, report: Report): void {
  for (const [name, entry] of Object.entries(state?.tables ?? {})) {
    const manifest = manifests.get(entry.date)
    const listed = manifest && own(manifest.tables, name)
    if (manifest && !(listed && isSameVersion(listed, entry)))
      report('differs', STATE_KEY, `${STATE_KEY}: contradicts the manifest of ${entry.date} about ${name}`)
    else if (!manifest && unreadable.size === 0)
      report('missing', STATE_KEY, `${STATE_KEY}: ${name} is current as of ${entry.date}, which has no manifest`)
  }
  for (const index of months.values())
    for (const [day, { manifest: ref }] of Object.entries(index.days)) {
      const manifest = manifests.get(day)
      if (!manifest) continue
      const listed = Object.entries(manifest.tables).map(([name, { files }]) => [name, files])
      const indexed = [...(filesOfDay(index, day) ?? [])]
      if (manifest.date !== day || JSON.stringify(listed) !== JSON.stringify(indexed))
        report('differs', ref.key, `${ref.key}: contradicts the index of ${index.month}`)
    }
}

async function checkRecords(store: ObjectStore, { objects }: WarehouseView, report: Report): Promise<void> {
  for (const key of objects.keys()) {
    if (!key.startsWith(RUNS_PREFIX)) continue
    try {
      const holds = recordsKey(key)
      for (const { run_id } of await readRecords(store, key))
        if (holds?.run !== null ? key !== runRecordKey(run_id) : recordsKey(runRecordKey(run_id))?.day !== holds.day)
          report('differs', key, `${key}: holds the record of another run, ${run_id}`)
    } catch (error) {
      if (!isUnreadable(error)) throw error
      report('invalid', key, error.message)
    }
  }
}

const OF_RUNS = [PARTS_PREFIX, DAYS_PREFIX, INDEX_PREFIX, STAGE_PREFIX, RETAINED_PREFIX, PROBE_PREFIX]

/**
 * Finds objects that no manifest names. In a table's folder, tools that read the folder would take them for its rows.
 */
function checkUnnamed(view: WarehouseView, report: Report): UnnamedObjects {
  const { objects, manifests, state } = view
  const named = new Set([STATE_KEY, LEASE_KEY, ...namedKeys(view)])
  const orphans: string[] = []
  const unknown: string[] = []
  for (const key of objects.keys()) {
    const day = manifestDay(key)
    if (named.has(key) || key.startsWith(RUNS_PREFIX)) continue
    if (state?.older && day !== null && manifests.has(day)) continue
    // plain copies that are still to be removed, of days that were pruned
    if (state?.copies_pending.includes(tableFileDay(key) ?? '')) continue
    if (OF_RUNS.some((prefix) => key.startsWith(prefix))) orphans.push(key)
    else if (day !== null) continue
    else if (isInternal(key) || key.endsWith('.parquet')) report('extra', key, `${key}: no manifest names it`)
    else unknown.push(key)
  }
  return { orphans, unknown }
}

/**
 * Returns the keys that the warehouse refers to, including retired objects, which readers of older manifests may still
 * use, and objects that the next run will finish to remove.
 */
function namedKeys(view: WarehouseView): string[] {
  const { months, state } = view
  const { publishing = null, retained = [], pruned = [] } = state?.older ?? {}
  return [
    ...[...expectedFiles(view).values()].map(({ file }) => file.key),
    ...plainCopies(view).map(({ path }) => path),
    ...Object.values(state?.months ?? {}).map(({ key }) => key),
    ...[...months.values()].flatMap(({ days, files }) => [
      ...Object.values(days).map(({ manifest }) => manifest.key),
      ...files.map(({ key }) => key),
    ]),
    ...(state?.retired ?? []).flatMap(({ keys }) => keys),
    ...(publishing?.keys.map((key) => stageKey(publishing.run_id, key)) ?? []),
    ...retained.map((file) => file.retained_as),
    ...pruned.flatMap(({ keys }) => keys),
  ]
}
