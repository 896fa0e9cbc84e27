import { type Day, type EtlState, isDwhError, manifestDay, type ObjectStore } from '@dwh/core'
import { listDays } from './list-days.ts'

/** The size of a whole warehouse, with all its days. */
export interface WarehouseSize {
  readonly days: number
  readonly firstDay: Day | null
  readonly lastDay: Day | null
  /** Each object once: Parquet files of all days, retained files, manifests, run records. */
  readonly objects: number
  readonly bytes: number
  /** False if the warehouse has more objects than were counted: then `objects` and `bytes` are the least it holds. */
  readonly complete: boolean
}

/** At most 100 requests to a bucket, whose lists hold 1,000 objects each. Three years of 50 tables are 57,000 objects. */
const MOST_OBJECTS = 100_000

/**
 * Measures a warehouse by a list of its objects: one request per 1,000 objects, at most 100 and those for the days.
 * Null for a storage whose list fails, such as a web server's.
 * @throws DwhError ABORTED
 */
export async function measureWarehouse(
  store: ObjectStore,
  state: EtlState,
  signal: AbortSignal | undefined,
  mostObjects: number = MOST_OBJECTS,
): Promise<WarehouseSize | null> {
  const days = new Set<Day>(state.publishing ? [state.publishing.date] : [])
  let objects = 0
  let bytes = 0
  try {
    for await (const { key, size } of store.list('', { signal })) {
      if (objects === mostObjects)
        return sizeOf(await listDays(store, state, signal), { objects, bytes, complete: false })
      objects += 1
      bytes += size
      const day = manifestDay(key)
      if (day) days.add(day)
    }
  } catch (error) {
    // what is stored is known from `etl.json`; a list that fails must not hide it
    if (isDwhError(error, 'ABORTED')) throw error
    return null
  }
  return sizeOf([...days].sort(), { objects, bytes, complete: true })
}

function sizeOf(days: readonly Day[], counted: Pick<WarehouseSize, 'objects' | 'bytes' | 'complete'>): WarehouseSize {
  return { days: days.length, firstDay: days[0] ?? null, lastDay: days.at(-1) ?? null, ...counted }
}
