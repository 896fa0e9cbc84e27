import type { Day, DayManifest, EtlState, ObjectStore } from '@dwh/core'
import { readManifest, readMonths } from '@dwh/metadata'

const PARALLEL_REQUESTS = 8

/** Reads the manifests of some days in their order, several at a time; leaves out days without one. */
export async function* readManifests(
  store: ObjectStore,
  state: EtlState,
  days: readonly Day[],
  signal: AbortSignal | undefined,
  /** Called for a manifest that cannot be read; null counts it as missing. */
  onError: (error: unknown) => null = (error) => {
    throw error
  },
): AsyncGenerator<DayManifest> {
  const months = await readMonths(store, state, { signal })
  for (let at = 0; at < days.length; at += PARALLEL_REQUESTS) {
    const batch = days.slice(at, at + PARALLEL_REQUESTS)
    const found = await Promise.all(
      batch.map((day) => readManifest(store, state, day, { signal, months }).catch(onError)),
    )
    yield* found.filter((manifest) => manifest !== null)
  }
}
