import { setTimeout as sleep } from 'node:timers/promises'

/** Timers stop while a machine sleeps, and clocks are changed, so the clock is read this often. */
const LOOK_MS = 60_000

/**
 * Waits until the clock reaches `until` (null: for ever), the signal fires, or the clock is set back by more than a
 * minute. Calls `onAwake` at least once a minute.
 */
export async function waitUntil(
  until: Date | null,
  clock: () => Date,
  signal: AbortSignal,
  onAwake: () => void,
): Promise<void> {
  let before = clock()
  while (!signal.aborted) {
    onAwake()
    const now = clock()
    if (now.getTime() < before.getTime() - LOOK_MS) return
    before = now
    const leftMs = until === null ? LOOK_MS : until.getTime() - now.getTime()
    if (leftMs <= 0) return
    await sleep(Math.min(leftMs, LOOK_MS), undefined, { signal }).catch(() => {})
  }
}
