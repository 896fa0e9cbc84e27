import { type EtlState, isDwhError, type ObjectStore, STATE_KEY } from '@dwh/core'
import { isLeaseOver } from './lease.ts'
import { serialise } from './parse-state.ts'
import type { StoredState } from './read-state.ts'

/**
 * Replaces `etl.json` in one conditional write: only if it still is `base`.
 * @throws DwhError CONFLICT when it is not; then nothing was written
 */
export async function writeState(store: ObjectStore, base: StoredState, next: EtlState): Promise<StoredState> {
  const state = { ...next, conditional_writes: (await store.conditionalWrites?.()) ?? true }
  const condition = base.etag === null ? { ifAbsent: true as const } : { ifMatch: base.etag }
  const { etag } = await store.put(STATE_KEY, serialise(state), condition)
  return { state, etag }
}

/** Runs an attempt that reads and then writes conditionally, again for as long as somebody else is quicker. */
export async function untilWritten<T>(attempt: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      // each conflict means that another writer got on, so this ends; but for a lease, which is over for good
      if (!isDwhError(error, 'CONFLICT') || isLeaseOver(error)) throw error
    }
  }
}
