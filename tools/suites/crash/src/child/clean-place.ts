import { clean, refreshCopies } from '@dwh/metadata'
import { openPlace } from './open-place.ts'
import type { Place } from './spec.ts'

/** Removes what no list names, as a run so much later would. */
export async function cleanPlace(place: Place, laterMs: number): Promise<{ removed: readonly string[] }> {
  const store = openPlace(place)
  const now = new Date(Date.now() + laterMs)
  const { removed, problem } = await clean(store, { now, raiseToken: false, whole: true })
  if (problem) throw problem
  await refreshCopies(store, { clock: () => now })
  return { removed }
}
