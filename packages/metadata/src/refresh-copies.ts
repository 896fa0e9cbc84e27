import {
  type Day,
  DwhError,
  type EtlState,
  type FileEntry,
  type Month,
  type MonthIndex,
  monthOf,
  type ObjectStore,
  parseTableName,
  STATE_KEY,
  tableFileKey,
} from '@dwh/core'
import { forEach } from './for-each.ts'
import { plainCopiesOf } from './plain-copies.ts'
import { readMonth } from './read-days.ts'
import { readState, type StoredState } from './read-state.ts'
import { isOvertaken, writeState } from './write-state.ts'

export interface RefreshOptions {
  readonly clock: () => Date
  /** How long replaced objects stay for readers that still use them. Default: 24 hours. */
  readonly retainForMs?: number | undefined
}

/** How long replaced objects are retained for readers that still use an older manifest. */
export const RETAINED_FOR_MS: number = 24 * 60 * 60 * 1000

/** Attempts while other writers interfere: each of them has succeeded, or another copies the same day. */
const MOST_ATTEMPTS = 100

/** A plain copy: `<table>/YYYY/MM/DD.parquet`. */
interface Copy {
  readonly day: Day
  readonly path: string
  /** What the newest manifest names; null where the path must not exist. */
  readonly wanted: FileEntry | null
  /** True where a manifest names this very path, or a reader of a replaced one may: it must stay as it is. */
  readonly named: boolean
}

/**
 * Makes the plain copies of the days that `etl.json` notes as pending, then clears the note, and starts the time of
 * what was replaced. The run itself does this or, if it died, the next one. Any number of processes may do it at the
 * same time; each copies what the newest manifest says.
 */
export async function refreshCopies(store: ObjectStore, { clock, retainForMs }: RefreshOptions): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const base = await readState(store)
    const { copies_pending: pending, older } = base.state
    if (base.etag === null || older || isRefreshed(base.state)) return
    const copies = await copiesOf(store, base.state, pending)
    let made = true
    await forEach(copies, async (copy) => {
      if (!copy.named && !(await makeCopy(store, base, copy))) made = false
    })
    const until = clock().getTime() + (retainForMs ?? RETAINED_FOR_MS)
    if (made && (await clearPending(store, base, waitingDays(copies), until))) return
    if (attempt === MOST_ATTEMPTS)
      throw new DwhError('CONFLICT', `${STATE_KEY}: keeps changing while plain copies are made`, {
        hint: 'The run is published. The next run makes the copies.',
      })
  }
}

/** The plain copies of some days, of every table that the warehouse has or had. */
async function copiesOf(store: ObjectStore, state: EtlState, days: readonly Day[]): Promise<Copy[]> {
  const months = new Map<Month, MonthIndex | null>()
  await forEach([...new Set(days.map(monthOf))], async (month) => {
    months.set(month, await readMonth(store, state, month))
  })
  const named = namedPaths(state, [...months.values()])
  return days.flatMap((day) => copiesOfDay(state, months.get(monthOf(day)) ?? null, named, day))
}

function copiesOfDay(state: EtlState, index: MonthIndex | null, named: ReadonlySet<string>, day: Day): Copy[] {
  const wanted = new Map((index ? plainCopiesOf(index, day, state) : []).map(({ path, file }) => [path, file]))
  const tables = [...Object.keys(state.tables), ...(state.former_tables ?? [])]
  const paths = new Set([...wanted.keys(), ...tables.map((name) => tableFileKey(parseTableName(name), day))])
  return [...paths].map((path) => ({ day, path, wanted: wanted.get(path) ?? null, named: named.has(path) }))
}

/** The plain paths that manifests name: those of warehouses of version 3 and before. */
function namedPaths(state: EtlState, months: readonly (MonthIndex | null)[]): Set<string> {
  const current = Object.values(state.tables).flatMap(({ files }) => files)
  const keys = [...months.flatMap((index) => index?.files ?? []), ...current].map(({ key }) => key)
  return new Set([...keys, ...state.retired.flatMap((group) => group.keys)])
}

/** False where `etl.json` has changed since, or another process copies to the same path. */
async function makeCopy(store: ObjectStore, base: StoredState, { path, wanted }: Copy): Promise<boolean> {
  const isBase = async () => (await store.head(STATE_KEY))?.etag === base.etag
  const seen = await store.head(path)
  if (wanted === null) {
    if (!seen) return true
    const still = await isBase()
    if (still) await store.delete(path)
    return still
  }
  const source = await store.head(wanted.key)
  // in a folder a copy is the same file, in a bucket it carries the same hash
  const isSame = seen && (seen.etag === source?.etag || (seen.sha256 !== null && seen.sha256 === wanted.sha256))
  // a source that is gone is damage, which `verifyWarehouse` reports
  return isSame || source === null || (await store.copy(wanted.key, path, isBase)) !== null
}

/** The days of copies that have to wait, because a manifest names their paths, or a reader of a replaced one may. */
function waitingDays(copies: readonly Copy[]): Day[] {
  const waiting = copies.filter(({ path, wanted, named }) => named && wanted?.key !== path)
  return [...new Set(waiting.map(({ day }) => day))].sort()
}

/** Notes only the days that have to wait, unless `etl.json` has changed since; then false. */
async function clearPending(
  store: ObjectStore,
  base: StoredState,
  waiting: readonly Day[],
  until: number,
): Promise<boolean> {
  const isSame = waiting.length === base.state.copies_pending.length
  if (isSame && isRefreshed({ ...base.state, copies_pending: [] })) return true
  const retired = base.state.retired.map((group) => ({ ...group, until: group.until ?? new Date(until).toISOString() }))
  try {
    await writeState(store, base, { ...base.state, copies_pending: waiting, retired })
    return true
  } catch (error) {
    if (isOvertaken(error)) return false
    throw error
  }
}

/** Whether the copies of a state are made, as far as they can be. */
function isRefreshed({ copies_pending, retired }: EtlState): boolean {
  return copies_pending.length === 0 && retired.every(({ until }) => until !== null)
}
