import { isDwhError, type ObjectStore, PROBE_PREFIX, RETAINED_PREFIX, STAGE_PREFIX, whereIs } from '@dwh/core'
import { forEach } from './for-each.ts'
import type { StoredState } from './read-state.ts'
import { readRecoveredState } from './roll-forward.ts'
import { untilWritten, writeState } from './write-state.ts'

export interface CleanOptions {
  readonly now: Date
  /** Make all runs in flight fail, also where nothing is left behind: for whoever has taken over the lease of one that may wake. */
  readonly raiseToken: boolean
  readonly onRollForward?: ((runId: string) => void) | undefined
}

export interface Cleaned extends StoredState {
  /** The keys that were removed. */
  readonly removed: readonly string[]
}

/**
 * Removes what runs have left behind: staged objects that nobody published, bytes that were retained for readers and whose time is over, the parts of unfinished uploads. Finishes first what was
 * committed, and a removal of days; then one conditional write of `etl.json` with the next `fencing_token` makes every run that began earlier fail to commit; only then is deleted what had been listed before.
 * @throws DwhError the store's errors
 */
export async function clean(store: ObjectStore, { now, raiseToken, onRollForward }: CleanOptions): Promise<Cleaned> {
  return untilWritten(async () => {
    const base = await readRecoveredState(store, onRollForward)
    const retained = base.state.retained.filter(({ until }) => until > now.toISOString())
    const named = new Set(retained.map((file) => file.retained_as))
    const left: string[] = []
    for (const prefix of [STAGE_PREFIX, RETAINED_PREFIX])
      for await (const { key } of store.list(prefix)) if (!named.has(key)) left.push(key)
    // somebody else may be asking right now what the storage can do
    for await (const { key } of store.list(PROBE_PREFIX))
      if (whereIs(key.slice(PROBE_PREFIX.length)) === 'gone') left.push(key)
    left.push(...base.state.pruned.flatMap(({ keys }) => keys))
    if (left.length === 0 && !raiseToken) return { ...base, removed: [] }
    const raised = await writeState(store, base, {
      ...base.state,
      fencing_token: base.state.fencing_token + 1,
      retained,
    })
    await forEach(left, (key) => store.delete(key))
    await removeUnfinished(store, now)
    return { ...(await finishPruning(store, raised)), removed: left }
  })
}

/** Notes that nothing is left to be removed of the days that were. */
async function finishPruning(store: ObjectStore, base: StoredState): Promise<StoredState> {
  if (base.state.pruned.every(({ keys }) => keys.length === 0)) return base
  const pruned = base.state.pruned.map((day) => ({ ...day, keys: [] }))
  return writeState(store, base, { ...base.state, pruned })
}

/** Best effort: it costs space and nothing else, and needs a privilege that not everybody has. */
async function removeUnfinished(store: ObjectStore, now: Date): Promise<void> {
  await store.removeUnfinished?.(now).catch((error) => {
    if (!isDwhError(error)) throw error
  })
}
