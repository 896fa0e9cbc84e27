import { type EtlState, honoursConditions, isDwhError, type ObjectStore, STATE_KEY } from '@dwh/core'
import { serialise } from './parse-state.ts'
import type { StoredState } from './read-state.ts'

/**
 * Replaces `etl.json` in one conditional write, only if it still equals `base`.
 * @throws DwhError CONFLICT when it differs; then nothing was written
 */
export async function writeState(store: ObjectStore, base: StoredState, next: EtlState): Promise<StoredState> {
  const state = { ...next, conditional_writes: await honoursConditions(store) }
  const condition = base.etag === null ? { ifAbsent: true as const } : { ifMatch: base.etag }
  const { etag } = await store.put(STATE_KEY, serialise(state), condition)
  return { state, etag }
}

/** More than the number of competing writers. */
const MOST_ATTEMPTS = 20

/**
 * Repeats an attempt that reads and then writes conditionally, until no other writer interferes. Each conflict means
 * that another writer succeeded, so this ends. Gives up on a store that returns stale reads or refuses every condition.
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

/** Whether another writer changed the object and a retry makes sense: not when our own lease is over. */
export function isOvertaken(error: unknown): boolean {
  return isDwhError(error, 'CONFLICT') && error.context.leaseOver !== true
}
