import { type Day, type EtlState, manifestDay, type ObjectStore, SNAPSHOTS_PREFIX } from '@dwh/core'

/**
 * Lists every day that has a manifest, in order, including the day of a run that is being published. One request per
 * 1,000 days.
 */
export async function listDays(
  store: ObjectStore,
  { publishing }: Pick<EtlState, 'publishing'>,
  signal: AbortSignal | undefined,
): Promise<Day[]> {
  const days = new Set<Day>()
  for await (const { key } of store.list(SNAPSHOTS_PREFIX, { signal })) {
    const day = manifestDay(key)
    if (day) days.add(day)
  }
  // its manifest may still be staged
  if (publishing) days.add(publishing.date)
  return [...days].sort()
}
