import {
  type Day,
  type DayManifest,
  type FileEntry,
  manifestDay,
  manifestKey,
  type ObjectStore,
  STATE_KEY,
  stagedKey,
  stageKey,
  tableFileDay,
} from '@dwh/core'
import { isUnreadable, parseManifest, serialise } from '@dwh/metadata'
import type { ParquetWriter } from '@dwh/parquet-writer'
import type { objectFiles } from './object-files.ts'
import { readWarehouse, type WarehouseView } from './read-warehouse.ts'
import { rebuildDay, withProofs } from './rebuild-day.ts'
import { rebuildState } from './rebuild-state.ts'
import type { RepairReport } from './repair-report.ts'

/**
 * Repairs a warehouse of version 3 or before, in which each day has one list at a fixed key and each table one file at
 * a plain path, so that it can be taken over: rebuilds manifests and `etl.json` that are missing or cannot be read.
 */
export async function repairOlder(
  store: ObjectStore,
  before: WarehouseView,
  files: ReturnType<typeof objectFiles>,
  writer: Pick<ParquetWriter, 'inspect'>,
  now: Date,
): Promise<Pick<RepairReport, 'days' | 'state' | 'left'>> {
  const isLost = before.state === null
  if (isLost) await finishStaged(store, before)
  const view = isLost ? { ...(await readWarehouse(store)), manifests: await readLists(store, before) } : before
  const rebuilt = await rebuildDays(view, files, writer)
  for (const [day, manifest] of rebuilt.made) await store.put(manifestKey(day), serialise(manifest))
  if (isLost) {
    const state = await rebuildState(rebuilt.all, undefined, files, writer, now)
    const there = await store.head(STATE_KEY)
    const older = { publishing: null, retained: [], pruned: [] }
    await store.put(STATE_KEY, serialise({ ...state, older }), there ? { ifMatch: there.etag } : { ifAbsent: true })
  }
  return { days: [...rebuilt.made.keys()].sort(), state: isLost, left: rebuilt.left }
}

/** Reads the lists without `etl.json`, which tells of a list that is staged. */
async function readLists(store: ObjectStore, { objects }: WarehouseView): Promise<Map<Day, DayManifest>> {
  const lists = new Map<Day, DayManifest>()
  for (const key of objects.keys()) {
    const day = manifestDay(key)
    const object = day === null ? null : await store.get(key)
    const list = object && readable(key, object.body)
    if (list && list.date === day) lists.set(list.date, list)
  }
  return lists
}

/**
 * Finishes a staged run when `etl.json` is lost and does not tell which run was being published. A run that has staged
 * its list had verified all its files, and was about to commit or had committed. It is finished, unless a later run
 * is in place.
 */
async function finishStaged(store: ObjectStore, view: WarehouseView): Promise<void> {
  const { objects } = view
  const placed = [...(await readLists(store, view)).values()].flatMap(({ tables }) =>
    Object.values(tables).map(({ run_id }) => run_id),
  )
  const newest = placed.sort().at(-1) ?? ''
  const staged = [...objects.keys()]
    .flatMap((key) => stagedList(key) ?? [])
    .sort((a, b) => (a.runId < b.runId ? 1 : -1))
  for (const { runId, date, key } of staged) {
    if (runId < newest) return
    const object = await store.get(key)
    const list = object && readable(key, object.body)
    if (!list || list.date !== date) continue
    const own = Object.values(list.tables).filter((entry) => entry.run_id === runId)
    const ownFiles = own.flatMap(({ files }) => files)
    const isThere = (file: FileEntry) =>
      objects.has(stageKey(runId, file.key)) || objects.get(file.key)?.size === file.bytes
    if (!ownFiles.every(isThere)) continue
    for (const final of [...ownFiles.map((file) => file.key), manifestKey(date)])
      await store.copy(stageKey(runId, final), final)
    return
  }
}

function stagedList(key: string): { readonly runId: string; readonly date: Day; readonly key: string } | null {
  const staged = stagedKey(key)
  const date = staged && manifestDay(staged.finalKey)
  return staged && date !== null ? { runId: staged.runId, date, key } : null
}

function readable(key: string, body: Uint8Array): DayManifest | null {
  try {
    return parseManifest(key, body)
  } catch (error) {
    if (!isUnreadable(error)) throw error
    return null
  }
}

interface RebuiltDays {
  /** The rebuilt lists. */
  readonly made: ReadonlyMap<Day, DayManifest>
  readonly all: ReadonlyMap<Day, DayManifest>
  readonly left: RepairReport['left']
}

/** Rebuilds the lists of the days that have Parquet files but no readable list. */
async function rebuildDays(
  { objects, manifests, state }: WarehouseView,
  files: ReturnType<typeof objectFiles>,
  writer: Pick<ParquetWriter, 'inspect'>,
): Promise<RebuiltDays> {
  const byDay = new Map<Day, string[]>()
  for (const key of objects.keys()) {
    const day = tableFileDay(key)
    if (day !== null) byDay.set(day, [...(byDay.get(day) ?? []), key])
  }
  const made = new Map<Day, DayManifest>()
  const left: { key: string; why: string }[] = []
  for (const [day, keys] of byDay) {
    if (manifests.has(day)) continue
    const rebuilt = await rebuildDay(day, keys, files, writer)
    left.push(...rebuilt.left)
    if (rebuilt.manifest) made.set(day, withProofs(rebuilt.manifest, state?.tables ?? {}))
  }
  return { made, all: new Map([...manifests, ...made]), left }
}
