import type { ObjectStore } from './object-store.ts'

/** Whether a store says that it honours conditions. One that says nothing may be any: it is treated as one that does not. */
export async function honoursConditions(store: ObjectStore): Promise<boolean> {
  return (await store.conditionalWrites?.()) ?? false
}
