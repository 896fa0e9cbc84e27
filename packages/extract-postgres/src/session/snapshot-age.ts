import { DwhError } from '@dwh/core'

/** Long enough for a nightly run, too short for a process that was forgotten for days. */
export const DEFAULT_MAX_AGE_MS: number = 12 * 60 * 60 * 1000

/** Maximum delay of a timer: 24 days. A longer delay would fire immediately. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

export interface SnapshotAge {
  /** Fires when the snapshot has been open for too long. */
  readonly signal: AbortSignal
  /** @throws DwhError SOURCE_FAILED, beginning with `where`, after the limit */
  check(where: string): void
  /** Stops the timer. */
  stop(): void
}

/** Limits how long a snapshot that begins now may stay open. 0: no limit. */
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
        `${where}: the snapshot was open for ${formatAge(maxAgeMs)}, the limit of max_snapshot_age`,
        {
          hint: 'An open snapshot holds back vacuum in the whole database, so it was closed. Raise max_snapshot_age, or exclude large tables.',
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
