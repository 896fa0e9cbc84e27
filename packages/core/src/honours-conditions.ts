import type { ObjectStore } from './object-store.ts'

/** Returns whether a store says that it honours conditions. A store without `conditionalWrites` is assumed not to. */
export async function honoursConditions(store: ObjectStore): Promise<boolean> {
  return (await store.conditionalWrites?.()) ?? false
}
