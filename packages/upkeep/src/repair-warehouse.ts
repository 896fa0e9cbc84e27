import { type Day, type DayManifest, formatRunId, manifestKey, type ObjectStore, STATE_KEY } from '@dwh/core'
import { clean, type LeaseHolder, serialise, takeLease, whileHeld } from '@dwh/metadata'
import type { ParquetWriter } from '@dwh/parquet-writer'
import { objectFiles } from './object-files.ts'
import { readWarehouse, type WarehouseView } from './read-warehouse.ts'
import { rebuildDay } from './rebuild-day.ts'
import { rebuildState } from './rebuild-state.ts'

export interface RepairOptions {
  readonly store: ObjectStore
  readonly writer: Pick<ParquetWriter, 'inspect'>
  /** For objects of a bucket on their way. */
  readonly tempDirectory: string
  readonly clock: () => Date
  /** Random bytes. */
  readonly random: (bytes: number) => Uint8Array
  readonly signal?: AbortSignal | undefined
  readonly onWait?: ((holder: LeaseHolder) => void) | undefined
}

export interface RepairReport {
  /** The run that was committed and is in place now; null where there was none. */
  readonly rolledForward: string | null
  readonly removed: readonly string[]
  /** The days whose manifest was made again. */
  readonly days: readonly Day[]
  /** Whether `etl.json` was made again. */
  readonly state: boolean
  /** Parquet files that could not be used, and why. */
  readonly left: readonly { readonly key: string; readonly why: string }[]
}

const ID_BYTES = 4

/**
 * Puts a warehouse in order: finishes what was committed, removes what interrupted runs have left, and makes `etl.json` and manifests that are missing or cannot be read again from the
 * Parquet files alone. Files are never changed. What is missing or damaged itself stays so; `verifyWarehouse` names it.
 * @throws DwhError CONFLICT while a run is under way, the store's errors, ABORTED
 */
export async function repairWarehouse(options: RepairOptions): Promise<RepairReport> {
  const { clock, random, signal, onWait } = options
  const owner = formatRunId(clock(), random(ID_BYTES))
  const lease = await takeLease(options.store, { owner, clock, signal, onWait })
  const store = whileHeld(options.store, lease)
  const files = objectFiles(store, options)
  try {
    let rolledForward: string | null = null
    const onRollForward = (runId: string) => {
      rolledForward = runId
    }
    const tidy = () => clean(store, { now: clock(), fence: lease.takenOver, onRollForward })
    const view = await readWarehouse(store)
    const broken = view.state === null && (view.objects.size > 0 || view.unreadable.size > 0)
    const removed = broken ? [] : (await tidy()).removed
    const rebuilt = await rebuildDays(broken ? view : await readWarehouse(store), files, options.writer)
    for (const [day, manifest] of rebuilt.made) await store.put(manifestKey(day), serialise(manifest))
    const lost = broken && rebuilt.all.size > 0
    if (lost) {
      const state = await rebuildState(rebuilt.all, files, options.writer, clock())
      const etag = (await store.get(STATE_KEY))?.etag
      await store.put(STATE_KEY, serialise(state), etag === undefined ? { ifAbsent: true } : { ifMatch: etag })
    }
    return {
      rolledForward,
      removed: lost ? (await tidy()).removed : removed,
      days: [...rebuilt.made.keys()].sort(),
      state: lost,
      left: rebuilt.left,
    }
  } finally {
    await files.close()
    await lease.release()
  }
}

interface RebuiltDays {
  /** Those that were made again. */
  readonly made: ReadonlyMap<Day, DayManifest>
  readonly all: ReadonlyMap<Day, DayManifest>
  readonly left: RepairReport['left']
}

/** Manifests for the days that have Parquet files and none that can be read, or one that is not what `etl.json` says. */
async function rebuildDays(
  { objects, manifests, state }: WarehouseView,
  files: ReturnType<typeof objectFiles>,
  writer: Pick<ParquetWriter, 'inspect'>,
): Promise<RebuiltDays> {
  const byDay = new Map<Day, string[]>()
  for (const key of objects.keys()) {
    const day = dayOf(key)
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

/** What `etl.json` knows of the same bytes is more than what the files say. */
function withProofs(manifest: DayManifest, known: DayManifest['tables']): DayManifest {
  const tables = Object.entries(manifest.tables).map(([name, entry]) => {
    const same = known[name]?.files.every(({ sha256 }, index) => sha256 === entry.files[index]?.sha256)
    return [name, same && known[name] ? known[name] : entry] as const
  })
  return { ...manifest, tables: Object.fromEntries(tables) }
}

/** The day of a table's file: `customers/2026/02/18.parquet`. */
function dayOf(key: string): Day | null {
  const match = /^(?!_dwh\/)[^/]+\/(\d{4})\/(\d\d)\/(\d\d)\.parquet$/.exec(key)
  return match ? `${match[1]}-${match[2]}-${match[3]}` : null
}
