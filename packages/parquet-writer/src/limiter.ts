/** Runs work, at most `limit` at a time; others wait in order. */
export type Limiter = <T>(work: () => Promise<T>) => Promise<T>

export function limiter(limit: number): Limiter {
  const waiting: (() => void)[] = []
  let running = 0
  return async (work) => {
    if (running >= limit) await new Promise<void>((resolve) => waiting.push(resolve))
    else running += 1
    try {
      return await work()
    } finally {
      // the slot passes directly to the next in line
      const next = waiting.shift()
      if (next) next()
      else running -= 1
    }
  }
}
