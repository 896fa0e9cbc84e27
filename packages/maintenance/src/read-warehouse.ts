import {
  type Day,
  type DayManifest,
  DwhError,
  type EtlState,
  isDwhError,
  manifestDay,
  manifestKey,
  type ObjectInfo,
  type ObjectStore,
  STATE_KEY,
} from '@dwh/core'
import { readManifest, readState } from '@dwh/metadata'

/** The metadata and objects of a warehouse, as far as they can be read. */
export interface WarehouseView {
  /** Null when `etl.json` is missing or cannot be read. */
  readonly state: EtlState | null
  /** The ETag of `etl.json`; null when it is missing or cannot be read. */
  readonly etag: string | null
  /** The readable manifests, by day. */
  readonly manifests: ReadonlyMap<Day, DayManifest>
  /** Why `etl.json` or manifests cannot be read, by key. */
  readonly unreadable: ReadonlyMap<string, DwhError>
  /** Every object, by key. */
  readonly objects: ReadonlyMap<string, ObjectInfo>
}

/**
 * True for content that is damaged or invalid. False for a later version: that is not a fault, and must not be changed.
 */
export function isUnreadable(error: unknown): error is DwhError {
  return isDwhError(error, 'DAMAGED') || (isDwhError(error, 'STATE_INVALID') && error.context.newer !== true)
}

/**
 * Reads `etl.json` and the manifests of all days, and lists every object.
 * @throws DwhError STATE_INVALID for a warehouse of a later version, and the store's errors
 */
export async function readWarehouse(store: ObjectStore): Promise<WarehouseView> {
  const unreadable = new Map<string, DwhError>()
  async function readable<T>(key: string, answer: Promise<T>): Promise<T | null> {
    try {
      return await answer
    } catch (error) {
      if (!isUnreadable(error)) throw error
      unreadable.set(key, error)
      return null
    }
  }
  const stored = await readable(STATE_KEY, readState(store))
  const objects = new Map<string, ObjectInfo>()
  for await (const info of store.list('')) objects.set(info.key, info)
  const state = stored?.etag ? stored.state : null
  const manifests = new Map<Day, DayManifest>()
  const staged = state?.publishing ? [state.publishing.date] : []
  const days = [...objects.keys()].flatMap((key) => manifestDay(key) ?? [])
  for (const day of new Set([...days, ...staged])) {
    const manifest = await readable(manifestKey(day), readManifest(store, state ?? { publishing: null }, day))
    if (manifest?.date === day) manifests.set(day, manifest)
    else if (manifest) unreadable.set(manifestKey(day), misplaced(day, manifest.date))
  }
  return { state, etag: stored?.etag ?? null, manifests, unreadable, objects }
}

function misplaced(day: Day, date: Day): DwhError {
  return new DwhError('STATE_INVALID', `${manifestKey(day)}: holds the manifest of another day, ${date}`, {
    hint: 'Remove it, then run `dwh repair`.',
  })
}
