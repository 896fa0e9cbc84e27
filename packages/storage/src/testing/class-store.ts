import type { ObjectInfo, ObjectStore, PutCondition, PutFileOptions, ReadOptions, StoredObject } from '@dwh/core'

/**
 * A store that is an instance of a class, over another store. It fails for a caller that spreads it or detaches a
 * method from it. Of the optional methods it only has `conditionalWrites`.
 */
export class ClassStore implements ObjectStore {
  readonly #store: ObjectStore

  constructor(store: ObjectStore) {
    this.#store = store
  }

  get url(): string {
    return this.#store.url
  }

  get(key: string, options?: ReadOptions): Promise<StoredObject | null> {
    return this.#store.get(key, options)
  }

  put(key: string, body: Uint8Array, condition?: PutCondition): Promise<ObjectInfo> {
    return this.#store.put(key, body, condition)
  }

  putFile(key: string, path: string, options?: PutFileOptions): Promise<ObjectInfo> {
    return this.#store.putFile(key, path, options)
  }

  head(key: string, options?: ReadOptions): Promise<ObjectInfo | null> {
    return this.#store.head(key, options)
  }

  getFile(key: string, path: string, options?: ReadOptions): Promise<ObjectInfo | null> {
    return this.#store.getFile(key, path, options)
  }

  copy(from: string, to: string, isWanted?: () => Promise<boolean>): Promise<ObjectInfo | null> {
    return this.#store.copy(from, to, isWanted)
  }

  list(prefix: string, options?: ReadOptions): AsyncIterable<ObjectInfo> {
    return this.#store.list(prefix, options)
  }

  delete(key: string): Promise<void> {
    return this.#store.delete(key)
  }

  async conditionalWrites(): Promise<boolean> {
    return (await this.#store.conditionalWrites?.()) ?? false
  }
}
