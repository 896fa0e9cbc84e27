/** Requests to the store under way at once, for one publication. */
const PARALLEL_REQUESTS = 8

/** Does `work` for every item, some at a time. When one fails no further one is begun, and its error is thrown once all others have ended. */
export async function forEach<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const waiting = items[Symbol.iterator]()
  let failed = false
  async function worker(): Promise<void> {
    for (const item of waiting) {
      if (failed) return
      await work(item).catch((error) => {
        failed = true
        throw error
      })
    }
  }
  const workers = await Promise.allSettled(Array.from({ length: PARALLEL_REQUESTS }, worker))
  for (const result of workers) if (result.status === 'rejected') throw result.reason
}
