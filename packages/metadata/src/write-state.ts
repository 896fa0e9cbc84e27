import { type EtlState, honoursConditions, isDwhError, type ObjectStore, STATE_KEY } from '@dwh/core'
import { serialise } from './parse-state.ts'
import type { StoredState } from './read-state.ts'

/**
 * Replaces `etl.json` in one conditional write: only if it still is `base`.
 * @throws DwhError CONFLICT when it is not; then nothing was written
 */
export async function writeState(store: ObjectStore, base: StoredState, next: EtlState): Promise<StoredState> {
  const state = { ...next, conditional_writes: await honoursConditions(store) }
  const condition = base.etag === null ? { ifAbsent: true as const } : { ifMatch: base.etag }
  const { etag } = await store.put(STATE_KEY, serialise(state), condition)
  return { state, etag }
}

/** More than there are writers. */
const MOST_ATTEMPTS = 20

/**
 * Runs an attempt that reads and then writes conditionally, again for as long as somebody else is quicker. Each conflict means that another writer got on, so this ends; but for a store that
 * answers reads from an old copy, or refuses every condition, which is given up.
 */
export async function untilWritten<T>(attempt: () => Promise<T>): Promise<T> {
  for (let attempts = 1; ; attempts += 1) {
    try {
      return await attempt()
    } catch (error) {
      if (!isOvertaken(error) || attempts >= MOST_ATTEMPTS) throw error
    }
  }
}

/** Whether somebody else was quicker, and trying again makes sense: not so once one's own lease is over. */
export function isOvertaken(error: unknown): boolean {
  return isDwhError(error, 'CONFLICT') && error.context.leaseOver !== true
}
