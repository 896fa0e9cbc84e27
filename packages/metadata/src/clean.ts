import {
  DAYS_PREFIX,
  type Day,
  type DwhError,
  type EtlState,
  honoursConditions,
  INDEX_PREFIX,
  isDwhError,
  isInternal,
  type ObjectStore,
  PARTS_PREFIX,
  PROBE_PREFIX,
  RETAINED_PREFIX,
  type RetiredGroup,
  runStartedAt,
  SNAPSHOTS_PREFIX,
  STAGE_PREFIX,
  whereIs,
  writtenBy,
} from '@dwh/core'
import { forEach } from './for-each.ts'
import { withDays } from './next-state.ts'
import { readMonths } from './read-days.ts'
import { readState, type StoredState } from './read-state.ts'
import { ifDenied, ifUnreadable } from './unreadable.ts'
import { untilWritten, writeState } from './write-state.ts'

export interface CleanOptions {
  readonly now: Date
  /**
   * Makes all runs in flight fail, even if there is nothing to remove: needed after taking over a lease whose holder
   * may wake.
   */
  readonly raiseToken: boolean
  /** True: lists all objects, to find those of runs that did not commit. False: looks at the replaced ones only. */
  readonly whole: boolean
}

export interface Cleaned extends StoredState {
  /** The keys that were removed. */
  readonly removed: readonly string[]
  /** Those of them that no commit had named. */
  readonly orphans: readonly string[]
  /**
   * Why not everything was removed: an index is missing or damaged, so that it is not known what is named; or
   * objects may not be deleted.
   */
  readonly problem?: DwhError | undefined
}

/**
 * Where conditions are not honoured, a run that started this long ago may still believe that it has committed. In
 * milliseconds.
 */
const UNCONDITIONAL_MS = 7 * 24 * 60 * 60 * 1000

/**
 * Removes objects that no manifest names: those that a commit replaced, once their time is over, and those of runs that
 * did not commit.
 *
 * First it reads what `etl.json` names, and lists what it may remove. Then one conditional write of `etl.json` with the
 * next `fencing_token` makes every earlier run fail to commit. Only then it deletes what it listed, never a plain copy.
 * @throws DwhError the store's errors
 */
export async function clean(store: ObjectStore, { now, raiseToken, whole }: CleanOptions): Promise<Cleaned> {
  return untilWritten(async () => {
    const base = await readState(store)
    if (base.etag === null || base.state.older) return { ...base, removed: [], orphans: [] }
    const isConditional = base.state.conditional_writes && (await honoursConditions(store))
    const patienceMs = isConditional ? 0 : UNCONDITIONAL_MS
    const expired = base.state.retired.filter((group) => isExpired(group, now, patienceMs))
    if (!whole && !raiseToken && expired.length === 0) return { ...base, removed: [], orphans: [] }
    const named = await namedKeys(store, base).catch(ifUnreadable)
    if (isDwhError(named)) {
      const raised = raiseToken ? await raise(store, base, {}) : base
      return { ...raised, removed: [], orphans: [], problem: named }
    }
    const unexpired = base.state.retired.filter((group) => !expired.includes(group))
    for (const { keys } of unexpired) for (const key of keys) named.add(key)
    const replaced = new Set(expired.flatMap(({ keys }) => keys))
    const candidates = new Set(replaced)
    if (whole) for await (const key of unnamed(store, new Date(now.getTime() - patienceMs))) candidates.add(key)
    // plain copies are left to `refreshCopies`
    const left = [...candidates].filter((key) => !named.has(key) && isInternal(key))
    if (left.length === 0 && expired.length === 0 && !raiseToken) return { ...base, removed: [], orphans: [] }
    // a plain copy that came late, of what was replaced, is made good
    const days: Day[] = expired.flatMap((group) => group.days)
    const pending = withDays(base.state.copies_pending, days)
    const raised = await raise(store, base, { copies_pending: pending, retired: unexpired })
    const problem = await forEach(left, (key) => store.delete(key)).then(() => undefined, ifDenied)
    if (whole) await removeUnfinished(store, now)
    return { ...raised, removed: left, orphans: left.filter((key) => !replaced.has(key)), problem }
  })
}

function raise(store: ObjectStore, base: StoredState, changes: Partial<EtlState>): Promise<StoredState> {
  return writeState(store, base, { ...base.state, ...changes, fencing_token: base.state.fencing_token + 1 })
}

function isExpired({ until, days, keys }: RetiredGroup, now: Date, patienceMs: number): boolean {
  // for one that is empty, nothing is to be removed
  if (days.length + keys.length === 0) return false
  return until !== null && Date.parse(until) + patienceMs < now.getTime()
}

/** The keys that `etl.json` names, and all that these name. */
async function namedKeys(store: ObjectStore, { state }: StoredState): Promise<Set<string>> {
  const months = await readMonths(store, state)
  const named = new Set(Object.values(state.months).map(({ key }) => key))
  for (const { files } of Object.values(state.tables)) for (const { key } of files) named.add(key)
  for (const { days, files } of months.values()) {
    for (const { manifest } of Object.values(days)) named.add(manifest.key)
    for (const { key } of files) named.add(key)
  }
  return named
}

/** The objects that a run may have left, of runs before `before`; and of versions 1 to 3. */
async function* unnamed(store: ObjectStore, before: Date): AsyncGenerator<string> {
  for (const prefix of [PARTS_PREFIX, DAYS_PREFIX, INDEX_PREFIX])
    for await (const { key } of store.list(prefix)) {
      const startedAt = runStartedAt(writtenBy(key) ?? '')
      if (startedAt && startedAt <= before) yield key
    }
  for (const prefix of [STAGE_PREFIX, RETAINED_PREFIX, SNAPSHOTS_PREFIX])
    for await (const { key } of store.list(prefix)) {
      const startedAt = runStartedAt(key.slice(prefix.length).replace(/\/.*$/, ''))
      if (!startedAt || startedAt <= before) yield key
    }
  // another process may be probing the storage right now
  for await (const { key } of store.list(PROBE_PREFIX))
    if (whereIs(key.slice(PROBE_PREFIX.length)) === 'gone') yield key
}

/** Best effort: unfinished uploads only cost space, and removing them needs a privilege that may be missing. */
async function removeUnfinished(store: ObjectStore, now: Date): Promise<void> {
  await store.removeUnfinished?.(now).catch((error) => {
    if (!isDwhError(error)) throw error
  })
}
