import { type DwhError, honoursConditions, isDwhError, type ObjectStore, wrapStore } from '@dwh/core'

export interface GuardedStore {
  readonly store: ObjectStore
  /** Fires, with the error, after a request got no answer within its time limit. */
  readonly silent: AbortSignal
}

/**
 * Wraps a store so that after one request without an answer every later request fails at once with the same error.
 * Otherwise each would wait for the full time limit, one after another, and a run without storage would take hours to
 * fail.
 */
export function guardSilence(store: ObjectStore): GuardedStore {
  const silent = new AbortController()

  function guarded<Args extends unknown[], Answer>(ask: (...args: Args) => Promise<Answer>) {
    return async (...args: Args): Promise<Answer> => {
      silent.signal.throwIfAborted()
      try {
        return await ask(...args)
      } catch (error) {
        if (isSilence(error)) silent.abort(error)
        throw error
      }
    }
  }

  return {
    silent: silent.signal,
    store: wrapStore(store, {
      get: guarded((...args: Parameters<ObjectStore['get']>) => store.get(...args)),
      put: guarded((...args: Parameters<ObjectStore['put']>) => store.put(...args)),
      putFile: guarded((...args: Parameters<ObjectStore['putFile']>) => store.putFile(...args)),
      head: guarded((...args: Parameters<ObjectStore['head']>) => store.head(...args)),
      getFile: guarded((...args: Parameters<ObjectStore['getFile']>) => store.getFile(...args)),
      copy: guarded((...args: Parameters<ObjectStore['copy']>) => store.copy(...args)),
      delete: guarded((...args: Parameters<ObjectStore['delete']>) => store.delete(...args)),
      removeUnfinished: guarded((now: Date) => store.removeUnfinished?.(now) ?? Promise.resolve(0)),
      conditionalWrites: guarded(() => honoursConditions(store)),
      async *list(prefix, options) {
        silent.signal.throwIfAborted()
        try {
          yield* store.list(prefix, options)
        } catch (error) {
          if (isSilence(error)) silent.abort(error)
          throw error
        }
      },
    }),
  }
}

function isSilence(error: unknown): error is DwhError {
  return isDwhError(error, 'STORE_UNREACHABLE') && error.context.silent === true
}
