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
import { clean, parseManifest, serialise } from '@dwh/metadata'
import type { ParquetWriter } from '@dwh/parquet-writer'
import { objectFiles } from './object-files.ts'
import { isUnreadable, readWarehouse, type WarehouseView } from './read-warehouse.ts'
import { rebuildDay } from './rebuild-day.ts'
import { rebuildState } from './rebuild-state.ts'
import { type MaintenanceOptions, withLease } from './with-lease.ts'

export interface RepairOptions extends MaintenanceOptions {
  readonly writer: Pick<ParquetWriter, 'inspect'>
  /** The folder for downloaded objects of a bucket. */
  readonly tempDirectory: string
}

export interface RepairReport {
  /** The committed run whose publication was finished; null where there was none. */
  readonly rolledForward: string | null
  readonly removed: readonly string[]
  /** The days whose manifest was rebuilt. */
  readonly days: readonly Day[]
  /** Whether `etl.json` was rebuilt. */
  readonly state: boolean
  /** Parquet files that could not be used, and why. */
  readonly left: readonly { readonly key: string; readonly why: string }[]
}

/**
 * Repairs a warehouse: finishes a committed run, removes orphans, and rebuilds `etl.json` and manifests that are
 * missing or cannot be read, from the Parquet files alone. Never changes a Parquet file. Missing or damaged Parquet
 * files stay so; `verifyWarehouse` reports them.
 * @throws DwhError CONFLICT while a run is in progress, the store's errors, ABORTED
 */
export async function repairWarehouse(options: RepairOptions): Promise<RepairReport> {
  return withLease(options, (store, raiseToken) => repair(store, raiseToken, options))
}

async function repair(
  store: ObjectStore,
  raiseToken: boolean,
  { clock, writer, ...options }: RepairOptions,
): Promise<RepairReport> {
  const files = objectFiles(store, options)
  try {
    let rolledForward: string | null = null
    const onRollForward = (runId: string) => {
      rolledForward = runId
    }
    const tidy = () => clean(store, { now: clock(), raiseToken, onRollForward })
    let view = await readWarehouse(store)
    const broken = view.state === null
    const removed = broken ? [] : (await tidy()).removed
    if (broken) rolledForward = await finishStaged(store, view)
    view = await readWarehouse(store)
    const rebuilt = await rebuildDays(view, files, writer)
    for (const [day, manifest] of rebuilt.made) await store.put(manifestKey(day), serialise(manifest))
    const lost = broken && (rebuilt.all.size > 0 || view.unreadable.has(STATE_KEY))
    if (lost) {
      const state = await rebuildState(rebuilt.all, files, writer, clock())
      const there = await store.head(STATE_KEY)
      await store.put(STATE_KEY, serialise(state), there ? { ifMatch: there.etag } : { ifAbsent: true })
    }
    return {
      rolledForward,
      removed: broken ? (await tidy()).removed : removed,
      days: [...rebuilt.made.keys()].sort(),
      state: lost,
      left: rebuilt.left,
    }
  } finally {
    await files.close()
  }
}

/**
 * Finishes a staged run when `etl.json` is lost and does not tell which run was being published. A run that has staged
 * its manifest had verified all its files, and was about to commit or had committed. It is finished, unless a later run
 * is in place. Returns the run's id, or null.
 */
async function finishStaged(store: ObjectStore, { manifests, objects }: WarehouseView): Promise<string | null> {
  const placed = [...manifests.values()].flatMap(({ tables }) => Object.values(tables).map(({ run_id }) => run_id))
  const newest = placed.sort().at(-1) ?? ''
  const staged = [...objects.keys()]
    .flatMap((key) => stagedManifest(key) ?? [])
    .sort((a, b) => (a.runId < b.runId ? 1 : -1))
  for (const { runId, date, key } of staged) {
    if (runId < newest) return null
    const object = await store.get(key)
    const manifest = object && readable(key, object.body)
    if (!manifest || manifest.date !== date) continue
    const own = Object.values(manifest.tables).filter((entry) => entry.run_id === runId)
    const ownFiles = own.flatMap(({ files }) => files)
    const isThere = (file: FileEntry) =>
      objects.has(stageKey(runId, file.key)) || objects.get(file.key)?.size === file.bytes
    if (!ownFiles.every(isThere)) continue
    for (const final of [...ownFiles.map((file) => file.key), manifestKey(date)])
      await store.move(stageKey(runId, final), final, await store.head(final))
    return runId
  }
  return null
}

function stagedManifest(key: string): { readonly runId: string; readonly date: Day; readonly key: string } | null {
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
  /** The rebuilt manifests. */
  readonly made: ReadonlyMap<Day, DayManifest>
  readonly all: ReadonlyMap<Day, DayManifest>
  readonly left: RepairReport['left']
}

/** Rebuilds the manifests of the days that have Parquet files but no readable manifest. */
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

/** Takes the entries of `etl.json` for the same bytes: they contain more than the files do. */
function withProofs(manifest: DayManifest, known: DayManifest['tables']): DayManifest {
  const tables = Object.entries(manifest.tables).map(([name, entry]) => {
    const same = known[name]?.files.every(({ sha256 }, index) => sha256 === entry.files[index]?.sha256)
    return [name, same && known[name] ? known[name] : entry] as const
  })
  return { ...manifest, tables: Object.fromEntries(tables) }
}
