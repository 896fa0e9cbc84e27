import type { TakenAt } from '@dwh/core'
import { instantText, timeZone } from '@dwh/warehouse'

/** Of which instants tables are, in words. */
export interface SnapshotText {
  readonly label: 'snapshot' | 'snapshots'
  /** `2026-02-18 04:00:12+01`, or `2026-02-17 04:00:09+01 to 2026-02-18 04:00:12+01`. */
  readonly text: string
}

/**
 * Names the oldest and the newest instant, or the one of all tables; null for no tables. To the second, unless both are
 * in the same second. `zone`: that of the settings.
 */
export function snapshotText(takenAt: TakenAt | null, zone: string): SnapshotText | null {
  if (takenAt === null) return null
  const local = timeZone(zone)
  const texts = (precision: 'second' | 'fraction') =>
    [takenAt.oldest, takenAt.newest].map((instant) => instantText(instant, local, precision))
  const [oldest = '', newest = ''] = texts('second')
  if (takenAt.oldest === takenAt.newest) return { label: 'snapshot', text: oldest }
  return { label: 'snapshots', text: (oldest === newest ? texts('fraction') : [oldest, newest]).join(' to ') }
}
