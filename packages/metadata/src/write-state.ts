import { type EtlState, isDwhError, type ObjectStore, STATE_KEY } from '@dwh/core'
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
      // each of these means that another writer got on, so this ends
      if (!isOvertaken(error)) throw error
    }
  }
}

/** Whether somebody else was quicker, and trying again makes sense: not so once one's own lease is over. */
export function isOvertaken(error: unknown): boolean {
  return isDwhError(error, 'CONFLICT') && error.context.leaseOver !== true
}
