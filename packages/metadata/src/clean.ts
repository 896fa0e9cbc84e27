import { isDwhError, type ObjectStore, PROBE_PREFIX, RETAINED_PREFIX, STAGE_PREFIX, whereIs } from '@dwh/core'
import { forEach } from './for-each.ts'
import type { StoredState } from './read-state.ts'
import { readRecoveredState } from './roll-forward.ts'
import { untilWritten, writeState } from './write-state.ts'

export interface CleanOptions {
  readonly now: Date
  /**
   * Makes all runs in flight fail, even if there are no orphans: needed after taking over a lease whose holder may
   * wake.
   */
  readonly raiseToken: boolean
  readonly onRollForward?: ((runId: string) => void) | undefined
}

export interface Cleaned extends StoredState {
  /** The keys that were removed. */
  readonly removed: readonly string[]
}

/**
 * Removes orphans: staged objects that no run published, retained bytes whose time is over, parts of unfinished
 * uploads.
 *
 * First it finishes a committed run and lists the orphans, including those of an interrupted prune. Then one
 * conditional write of `etl.json` with the next `fencing_token` makes every earlier run fail to commit. Only then it
 * deletes what it listed.
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
    // another process may be probing the storage right now
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

/** Records that the objects of the pruned days are removed. */
async function finishPruning(store: ObjectStore, base: StoredState): Promise<StoredState> {
  if (base.state.pruned.every(({ keys }) => keys.length === 0)) return base
  const pruned = base.state.pruned.map((day) => ({ ...day, keys: [] }))
  return writeState(store, base, { ...base.state, pruned })
}

/** Best effort: unfinished uploads only cost space, and removing them needs a privilege that may be missing. */
async function removeUnfinished(store: ObjectStore, now: Date): Promise<void> {
  await store.removeUnfinished?.(now).catch((error) => {
    if (!isDwhError(error)) throw error
  })
}
