import { setTimeout as sleep } from 'node:timers/promises'

/** Timers stand still while a machine sleeps, and clocks are set: so it looks at the clock this often. */
const LOOK_MS = 60_000

/** Waits until the clock says `until` (null: for ever), the signal fires, or the clock is set back by more than a minute. `onAwake` is called at least once a minute. */
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
