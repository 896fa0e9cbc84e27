import type { ObjectStore } from './object-store.ts'

type MethodName = Exclude<keyof ObjectStore, 'url'>

/** What a wrapper does itself. An optional method counts only where the wrapped store has it, too. */
export type StoreOverrides = Partial<Pick<ObjectStore, MethodName>>

/** All of them: leaving one out does not compile. */
const METHODS: Readonly<Record<MethodName, true>> = {
  get: true,
  put: true,
  putFile: true,
  head: true,
  getFile: true,
  copy: true,
  move: true,
  list: true,
  delete: true,
  removeUnfinished: true,
  conditionalWrites: true,
  presignedUrl: true,
  publicUrl: true,
  localPath: true,
}

/**
 * A store that does some things itself and leaves the rest to another. Calls are forwarded by name, so the other may be an instance of a class, whose methods a spread would not copy. What the
 * other does not have is absent here as well.
 *
 * @example
 * const readOnly = wrapStore(store, { put: async (key) => { throw new DwhError('STORE_DENIED', key) } })
 */
export function wrapStore(store: ObjectStore, overrides: StoreOverrides): ObjectStore {
  const methods: Partial<Record<MethodName, (...args: never[]) => unknown>> = {}
  for (const name of Object.keys(METHODS) as MethodName[]) {
    if (store[name] === undefined) continue
    const answering = (overrides[name] ? overrides : store) as Record<MethodName, (...args: never[]) => unknown>
    methods[name] = (...args) => answering[name](...args)
  }
  // a getter: a store may learn only later where it is
  return Object.defineProperty(methods, 'url', { get: () => store.url, enumerable: true }) as unknown as ObjectStore
}
