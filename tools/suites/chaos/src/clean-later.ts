import type { ObjectStore } from '@dwh/core'
import { clean, refreshCopies } from '@dwh/metadata'

/** Removes what no list names, as a run so much later would. */
export async function cleanLater(store: ObjectStore, laterMs: number): Promise<void> {
  const now = new Date(Date.now() + laterMs)
  const { problem } = await clean(store, { now, raiseToken: false, whole: true })
  if (problem) throw problem
  await refreshCopies(store, { clock: () => now })
}
