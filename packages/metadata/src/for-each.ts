/** Parallel requests to the store, per publication. */
const PARALLEL_REQUESTS = 8

/**
 * Does `work` for every item, several in parallel. After a failure it starts no further item, waits for the running
 * ones, and throws the error.
 */
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
