import { DwhError } from '@dwh/core'

/** A night's run, and no snapshot that a forgotten process holds for days. */
export const DEFAULT_MAX_AGE_MS: number = 12 * 60 * 60 * 1000

/** What a timer can wait: 24 days. A longer time would be none at all. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

export interface SnapshotAge {
  /** Fires when the snapshot has been open for too long. */
  readonly signal: AbortSignal
  /** @throws DwhError SOURCE_FAILED, with `where` in front, once it has */
  check(where: string): void
  /** Ends the limit. */
  stop(): void
}

/** Limits how long a snapshot, which begins now, is open. 0: not at all. */
export function limitSnapshotAge(maxAgeMs: number = DEFAULT_MAX_AGE_MS): SnapshotAge {
  const controller = new AbortController()
  const { signal } = controller
  const timer = maxAgeMs === 0 ? undefined : setTimeout(() => controller.abort(), Math.min(maxAgeMs, LONGEST_TIMER_MS))
  return {
    signal,
    check(where) {
      if (!signal.aborted) return
      throw new DwhError(
        'SOURCE_FAILED',
        `${where}: the snapshot was open for ${formatAge(maxAgeMs)}, the longest that max_snapshot_age allows`,
        {
          hint: 'An open snapshot holds back vacuum in all of the database, so it was ended. Raise max_snapshot_age, or leave out what is large.',
        },
      )
    },
    stop: () => clearTimeout(timer),
  }
}

function formatAge(ms: number): string {
  const hours = ms / 3_600_000
  return Number.isInteger(hours) ? `${hours} h` : `${ms / 1000} s`
}
