import { setTimeout as sleep } from 'node:timers/promises'

/** Until it is so, or it takes too long. */
export async function until(what: string, is: () => Promise<boolean> | boolean, limitMs = 60_000): Promise<void> {
  for (const deadline = Date.now() + limitMs; ; await sleep(100)) {
    if (await is()) return
    if (Date.now() > deadline) throw new Error(`${what}: not within ${limitMs / 1000} s`)
  }
}
