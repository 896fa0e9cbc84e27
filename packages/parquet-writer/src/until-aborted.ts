import { interruptible, throwIfAborted } from '@dwh/core'

/**
 * Yields the items of `source` until `signal` fires; then throws ABORTED at once, even if the source never answers. A
 * source that still owes an answer is told to stop but not waited for.
 */
export async function* untilAborted<T>(
  source: AsyncIterable<T>,
  signal: AbortSignal | undefined,
  where: string,
): AsyncGenerator<T> {
  throwIfAborted(signal, where)
  const iterator = source[Symbol.asyncIterator]()
  const waits = interruptible()
  const onAbort = () => {
    try {
      throwIfAborted(signal, where)
    } catch (error) {
      waits.interrupt(error)
    }
  }
  signal?.addEventListener('abort', onAbort)
  let owed = false
  try {
    for (;;) {
      owed = true
      const next = await waits.wait(iterator.next())
      owed = false
      if (next.done) return
      yield next.value
    }
  } finally {
    signal?.removeEventListener('abort', onAbort)
    const returned = iterator.return?.()
    if (owed) returned?.catch(() => {})
    else await returned
  }
}
