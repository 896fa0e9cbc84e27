import { formatRunId, type ObjectStore } from '@dwh/core'
import { type LeaseHolder, takeLease, whileHeld } from '@dwh/metadata'

/** The options of every operation that changes a warehouse. */
export interface MaintenanceOptions {
  readonly store: ObjectStore
  readonly clock: () => Date
  /** Random bytes. */
  readonly random: (bytes: number) => Uint8Array
  readonly signal?: AbortSignal | undefined
  /** As in `LeaseOptions`. */
  readonly onWait?: ((holder: LeaseHolder) => void) | undefined
}

/** Random bytes in the id of a lease, or of what an operation stores. */
export const RUN_ID_BYTES = 4

/**
 * Does the work under the lease, on a store whose writes fail once the lease is over. `raiseToken`: whether runs in
 * flight must be made to fail.
 */
export async function withLease<T>(
  { store, clock, random, signal, onWait }: MaintenanceOptions,
  work: (held: ObjectStore, raiseToken: boolean) => Promise<T>,
): Promise<T> {
  const lease = await takeLease(store, { owner: formatRunId(clock(), random(RUN_ID_BYTES)), clock, signal, onWait })
  try {
    return await work(whileHeld(store, lease), lease.takenOver)
  } finally {
    await lease.release()
  }
}
