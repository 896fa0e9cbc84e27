import { createHash } from 'node:crypto'
import {
  type Day,
  type DayManifest,
  DwhError,
  type EtlState,
  type FileEntry,
  type Month,
  type MonthIndex,
  manifestDay,
  manifestKey,
  monthOf,
  type ObjectRef,
  type ObjectStore,
  own,
  type ReadOptions,
  SNAPSHOTS_PREFIX,
  stageKey,
} from '@dwh/core'
import { parseManifest, parseMonthIndex } from './parse-state.ts'
import { readState } from './read-state.ts'

/*
 * Manifests of days and indexes of months. `etl.json` names the index of each month, an index the manifests of its
 * days. All are written once. While an `etl.json` is current, and for the retention time after it was replaced, all
 * that it names is there.
 */

/** Lists the days of the warehouse, in order. One request per month. */
export async function listDays(store: ObjectStore, state: EtlState, options?: ReadOptions): Promise<Day[]> {
  if (state.older) return listOlderDays(store, state.older, options)
  const months = await readMonths(store, state, options)
  return [...months.values()].flatMap(({ days }) => Object.keys(days)).sort()
}

/** Reads the index of every month, in order. */
export async function readMonths(
  store: ObjectStore,
  state: EtlState,
  options?: ReadOptions,
): Promise<Map<string, MonthIndex>> {
  const months = Object.keys(state.months).sort()
  const found = await Promise.all(months.map((month) => readMonth(store, state, month, options)))
  return new Map(found.flatMap((index) => (index ? [[index.month, index] as const] : [])))
}

/**
 * Reads the index of a month; null for a month without days.
 * @throws DwhError DAMAGED where it is missing or has other bytes than promised, and the store's errors
 */
export async function readMonth(
  store: ObjectStore,
  state: Pick<EtlState, 'months'>,
  month: string,
  options?: ReadOptions,
): Promise<MonthIndex | null> {
  const ref = own(state.months, month)
  if (!ref) return null
  const body = await readPromised(store, ref, options)
  if (body) return parseMonthIndex(ref.key, body)
  // removed since `etl.json` was read, long after another replaced it
  const { state: now } = await readState(store, options)
  if (own(now.months, month)?.key !== ref.key) return readMonth(store, now, month, options)
  throw lost(ref)
}

/**
 * Reads the manifest of one day; null for a day without one. `months`: the indexes that were read before.
 * @throws DwhError STATE_INVALID, DAMAGED where an object is missing or has other bytes than promised, and the store's
 * errors
 */
export async function readManifest(
  store: ObjectStore,
  state: EtlState,
  day: Day,
  { months, ...options }: ReadOptions & { readonly months?: ReadonlyMap<Month, MonthIndex> } = {},
): Promise<DayManifest | null> {
  if (state.older) return readOlderManifest(store, state.older, day, options)
  const index = months?.get(monthOf(day)) ?? (await readMonth(store, state, monthOf(day), options))
  const indexed = index && own(index.days, day)
  if (!indexed) return null
  const manifest = await readManifestAt(store, indexed.manifest, options)
  if (manifest) return manifest
  const { state: now } = await readState(store, options)
  if (own(now.months, monthOf(day))?.key !== own(state.months, monthOf(day))?.key)
    return readManifest(store, now, day, options)
  throw lost(indexed.manifest)
}

/** Reads the manifest of a day by its reference; null when it is absent. */
export async function readManifestAt(
  store: ObjectStore,
  ref: ObjectRef,
  options?: ReadOptions,
): Promise<DayManifest | null> {
  const body = await readPromised(store, ref, options)
  return body && parseManifest(ref.key, body)
}

/** Returns the files of the tables of a day, by table; null for a day that the index does not have. */
export function filesOfDay({ days, files }: MonthIndex, day: Day): Map<string, FileEntry[]> | null {
  const indexed = own(days, day)
  if (!indexed) return null
  const at = (positions: readonly number[]) => positions.flatMap((position) => files[position] ?? [])
  return new Map(Object.entries(indexed.tables).map(([name, positions]) => [name, at(positions)]))
}

async function readPromised(store: ObjectStore, ref: ObjectRef, options?: ReadOptions): Promise<Uint8Array | null> {
  const object = await store.get(ref.key, options)
  if (!object) return null
  if (createHash('sha256').update(object.body).digest('hex') === ref.sha256) return object.body
  throw new DwhError('DAMAGED', `${ref.key}: not the bytes that were written: expected SHA-256 ${ref.sha256}`, {
    hint: 'The file was changed or damaged. Run `dwh repair`.',
    context: { key: ref.key },
  })
}

function lost({ key }: ObjectRef): DwhError {
  return new DwhError('DAMAGED', `${key}: missing`, { hint: 'Run `dwh repair`.', context: { key } })
}

/** Up to version 3 each day had one manifest at a fixed key, which could be staged. */
async function readOlderManifest(
  store: ObjectStore,
  { publishing }: NonNullable<EtlState['older']>,
  day: Day,
  options?: ReadOptions,
): Promise<DayManifest | null> {
  const key = manifestKey(day)
  const staged = publishing?.date === day ? await store.get(stageKey(publishing.run_id, key), options) : null
  const object = staged ?? (await store.get(key, options))
  if (object) return parseManifest(key, object.body)
  // taken over since `etl.json` was read, so long ago that the manifest is removed
  const { state: now } = await readState(store, options)
  return now.older || Object.keys(now.months).length === 0 ? null : readManifest(store, now, day, options)
}

async function listOlderDays(
  store: ObjectStore,
  { publishing }: NonNullable<EtlState['older']>,
  options?: ReadOptions,
): Promise<Day[]> {
  const days = new Set<Day>(publishing ? [publishing.date] : [])
  for await (const { key } of store.list(SNAPSHOTS_PREFIX, options)) {
    const day = manifestDay(key)
    if (day) days.add(day)
  }
  return [...days].sort()
}
