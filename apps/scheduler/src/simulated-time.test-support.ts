interface Sleeper {
  readonly at: number
  readonly order: number
  readonly wake: () => void
}

export interface SimulatedTime {
  readonly clock: () => Date
  /** Ends early when the signal fires. */
  sleepUntil(at: Date, signal?: AbortSignal): Promise<void>
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** Advances from one wake-up time to the next, until `end`. */
  runUntil(end: Date): Promise<void>
}

/** Simulated time, which only advances while everything sleeps. */
export function simulatedTime(start: Date): SimulatedTime {
  let now = start.getTime()
  let order = 0
  let sleepers: Sleeper[] = []
  const settled = () => new Promise((resolve) => setImmediate(resolve))

  function sleepUntil(at: Date, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const sleeper: Sleeper = { at: Math.max(at.getTime(), now), order: order++, wake: done }
      function done() {
        signal?.removeEventListener('abort', done)
        sleepers = sleepers.filter((other) => other !== sleeper)
        resolve()
      }
      if (signal?.aborted) return resolve()
      signal?.addEventListener('abort', done)
      sleepers.push(sleeper)
    })
  }

  return {
    clock: () => new Date(now),
    sleepUntil,
    sleep: (ms, signal) => sleepUntil(new Date(now + ms), signal),
    async runUntil(end) {
      await settled()
      for (;;) {
        const [next] = sleepers.sort((a, b) => a.at - b.at || a.order - b.order)
        if (!next || next.at > end.getTime()) break
        now = next.at
        next.wake()
        await settled()
      }
      now = end.getTime()
    },
  }
}
