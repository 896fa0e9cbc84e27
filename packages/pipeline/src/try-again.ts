import { type DwhError, isDwhError } from '@dwh/core'

/** Does `work`, and once more where its error says that it may succeed now (`context.retryable`); `onRetry` is told why. */
export async function tryAgain<T>(work: () => Promise<T>, onRetry: (error: DwhError) => void): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!isDwhError(error) || error.context.retryable !== true) throw error
    onRetry(error)
    return work()
  }
}
