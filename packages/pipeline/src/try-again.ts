import { type DwhError, isDwhError } from '@dwh/core'

/** Runs `work`, and retries it once if its error is retryable (`context.retryable`); `onRetry` gets the error. */
export async function tryAgain<T>(work: () => Promise<T>, onRetry: (error: DwhError) => void): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!isDwhError(error) || error.context.retryable !== true) throw error
    onRetry(error)
    return work()
  }
}
