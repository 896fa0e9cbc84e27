import { setTimeout as sleep } from 'node:timers/promises'

/** Waits until a condition holds. @throws Error after `limitMs` */
export async function until(what: string, is: () => Promise<boolean> | boolean, limitMs = 60_000): Promise<void> {
  for (const deadline = Date.now() + limitMs; ; await sleep(100)) {
    if (await is()) return
    if (Date.now() > deadline) throw new Error(`${what}: not within ${limitMs / 1000} s`)
  }
}
