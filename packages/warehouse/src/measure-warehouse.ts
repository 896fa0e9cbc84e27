import { type Day, type EtlState, isDwhError, type ObjectStore, tableFileDay } from '@dwh/core'
import { listDays } from '@dwh/metadata'

/** The size of a whole warehouse, with all its days. */
export interface WarehouseSize {
  readonly days: number
  readonly firstDay: Day | null
  readonly lastDay: Day | null
  /** Parquet files of all days, lists, run records. In a folder a plain copy is the same file, and takes no space. */
  readonly objects: number
  readonly bytes: number
  /** False if the warehouse has more objects than were counted: then `objects` and `bytes` are the least it holds. */
  readonly complete: boolean
}

/** At most 100 requests to a bucket, whose lists hold 1,000 objects each. Three years of 50 tables are 57,000 objects. */
const MOST_OBJECTS = 100_000

/**
 * Measures a warehouse by a list of its objects: one request per 1,000 objects, at most 100, and one per
 * month.
 * Null for a storage whose list fails, such as a web server's.
 * @throws DwhError ABORTED
 */
export async function measureWarehouse(
  store: ObjectStore,
  state: EtlState,
  signal: AbortSignal | undefined,
  mostObjects: number = MOST_OBJECTS,
): Promise<WarehouseSize | null> {
  let objects = 0
  let bytes = 0
  let complete = true
  try {
    for await (const { key, size } of store.list('', { signal })) {
      complete = objects < mostObjects
      if (!complete) break
      objects += 1
      if (!isSameFile(store, state, key)) bytes += size
    }
    return sizeOf(await listDays(store, state, { signal }), { objects, bytes, complete })
  } catch (error) {
    // what is stored is known from `etl.json`; a list that fails must not hide it
    if (isDwhError(error, 'ABORTED')) throw error
    return null
  }
}

/** Whether the object is a plain copy, which a folder makes as a hard link. Before version 4 there were none. */
function isSameFile(store: ObjectStore, { older }: EtlState, key: string): boolean {
  return store.localPath !== undefined && older === undefined && tableFileDay(key) !== null
}

function sizeOf(days: readonly Day[], counted: Pick<WarehouseSize, 'objects' | 'bytes' | 'complete'>): WarehouseSize {
  return { days: days.length, firstDay: days[0] ?? null, lastDay: days.at(-1) ?? null, ...counted }
}
