import { type Day, type EtlState, isDwhError, type ObjectStore, tableFileDay } from '@dwh/core'
import { listDays, readMonths } from '@dwh/metadata'

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

/**
 * At most 100 requests to a bucket, whose lists hold 1,000 objects each. Three years of 50 tables are 57,000 objects.
 */
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
    const months = await readMonths(store, state, { signal })
    const days = state.older
      ? await listDays(store, state, { signal })
      : [...months.values()].flatMap((index) => Object.keys(index.days))
    // up to version 3 the files themselves were at the plain paths
    const named = new Set([...months.values()].flatMap(({ files }) => files.map(({ key }) => key)))
    const isLink = (key: string) => store.localPath && !state.older && tableFileDay(key) !== null && !named.has(key)
    for await (const { key, size } of store.list('', { signal })) {
      complete = objects < mostObjects
      if (!complete) break
      objects += 1
      if (!isLink(key)) bytes += size
    }
    return sizeOf([...days].sort(), { objects, bytes, complete })
  } catch (error) {
    // what is stored is known from `etl.json`; a list that fails must not hide it
    if (isDwhError(error, 'ABORTED')) throw error
    return null
  }
}

function sizeOf(days: readonly Day[], counted: Pick<WarehouseSize, 'objects' | 'bytes' | 'complete'>): WarehouseSize {
  return { days: days.length, firstDay: days[0] ?? null, lastDay: days.at(-1) ?? null, ...counted }
}
