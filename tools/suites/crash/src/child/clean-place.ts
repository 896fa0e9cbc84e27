import { clean, refreshCopies } from '@dwh/metadata'
import { openPlace } from './open-place.ts'
import type { Place } from './spec.ts'

/** Removes what no list names, as a run so much later would. */
export async function cleanPlace(place: Place, laterMs: number): Promise<{ removed: readonly string[] }> {
  const store = openPlace(place)
  const now = new Date(Date.now() + laterMs)
  const { removed, unreadable } = await clean(store, { now, raiseToken: false, whole: true })
  if (unreadable) throw unreadable
  await refreshCopies(store, { clock: () => now })
  return { removed }
}
