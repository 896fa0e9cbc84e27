import {
  type Day,
  type DayManifest,
  DwhError,
  type EtlState,
  type Month,
  type MonthIndex,
  manifestKey,
  type ObjectInfo,
  type ObjectStore,
  STATE_KEY,
} from '@dwh/core'
import { isUnreadable, listDays, readManifest, readManifestAt, readMonth, readState } from '@dwh/metadata'

/** The metadata and objects of a warehouse, as far as they can be read. */
export interface WarehouseView {
  /** Null when `etl.json` is missing or cannot be read. */
  readonly state: EtlState | null
  /** The ETag of `etl.json`; null when it is missing or cannot be read. */
  readonly etag: string | null
  /** The readable indexes that `etl.json` names. Empty for a warehouse of version 3 or before. */
  readonly months: ReadonlyMap<Month, MonthIndex>
  /** The readable manifests, by day. */
  readonly manifests: ReadonlyMap<Day, DayManifest>
  /** Why `etl.json`, indexes or manifests are missing or cannot be read, by key. */
  readonly unreadable: ReadonlyMap<string, DwhError>
  /** Every object, by key. */
  readonly objects: ReadonlyMap<string, ObjectInfo>
}

/**
 * Reads `etl.json`, the indexes and the manifests of all days, and lists every object.
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
  const months = new Map<Month, MonthIndex>()
  const manifests = new Map<Day, DayManifest>()
  if (state?.older) {
    for (const day of await listDays(store, state)) {
      const manifest = await readable(manifestKey(day), readManifest(store, state, day))
      if (manifest?.date === day) manifests.set(day, manifest)
      else if (manifest) unreadable.set(manifestKey(day), misplaced(manifestKey(day), manifest.date))
    }
  } else if (state) {
    for (const [month, { key }] of Object.entries(state.months)) {
      const index = await readable(key, readMonth(store, state, month))
      if (index) months.set(month, index)
    }
    for (const { days } of months.values())
      for (const [day, { manifest: ref }] of Object.entries(days)) {
        const manifest = await readable(ref.key, present(ref.key, readManifestAt(store, ref)))
        if (manifest) manifests.set(day, manifest)
      }
  }
  return { state, etag: stored?.etag ?? null, months, manifests, unreadable, objects }
}

async function present<T>(key: string, answer: Promise<T | null>): Promise<T> {
  const found = await answer
  if (found !== null) return found
  throw new DwhError('DAMAGED', `${key}: missing`, { hint: 'Run `dwh repair`.', context: { key } })
}

function misplaced(key: string, date: Day): DwhError {
  return new DwhError('STATE_INVALID', `${key}: holds the manifest of another day, ${date}`, {
    hint: 'Remove it, then run `dwh repair`.',
  })
}
