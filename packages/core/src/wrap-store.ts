import type { ObjectStore } from './object-store.ts'

type MethodName = Exclude<keyof ObjectStore, 'url'>

/** The methods that a wrapper overrides. An optional method counts only if the wrapped store has it, too. */
export type StoreOverrides = Partial<Pick<ObjectStore, MethodName>>

/** All methods: omitting one does not compile. */
const METHODS: Readonly<Record<MethodName, true>> = {
  get: true,
  put: true,
  putFile: true,
  head: true,
  getFile: true,
  copy: true,
  list: true,
  delete: true,
  removeUnfinished: true,
  conditionalWrites: true,
  presignedUrl: true,
  publicUrl: true,
  localPath: true,
}

/**
 * Wraps a store: overrides some methods and forwards the others. Forwards calls by name, because the store may be an
 * instance of a class, whose methods a spread does not copy. Optional methods that the store lacks stay absent.
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
  // a getter: a store may learn its URL only later
  return Object.defineProperty(methods, 'url', { get: () => store.url, enumerable: true }) as unknown as ObjectStore
}
