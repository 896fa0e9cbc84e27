import { createHash } from 'node:crypto'
import { DwhError, type ObjectInfo, type PutCondition } from '@dwh/core'

export interface StoredBytes {
  readonly body: Uint8Array
  readonly sha256: string
}

/**
 * How a store moves an object. `folder`: one rename, and the source is gone. `bucket`: a copy that reads its source
 * first and lands later, if the target is still the object that the caller saw. `old bucket`: a copy in one step, on a
 * server without conditional copies.
 */
export type StoreKind = 'folder' | 'bucket' | 'old bucket'

/** The steps of one request on the server. The last step returns the answer. Any time may pass between two steps. */
export type Steps<T> = readonly [...(() => unknown)[], () => T]

/** The objects of a store. `onWrite` is called after each change. */
export class Objects {
  readonly #objects: Map<string, StoredBytes>
  readonly #kind: StoreKind
  onWrite: (key: string) => void = () => {}

  constructor(kind: StoreKind, objects: ReadonlyMap<string, StoredBytes> = new Map()) {
    this.#kind = kind
    this.#objects = new Map(objects)
  }

  /** Copies the current objects. */
  snapshot(): Map<string, StoredBytes> {
    return new Map(this.#objects)
  }

  at(key: string): StoredBytes | undefined {
    return this.#objects.get(key)
  }

  keys(prefix: string): string[] {
    return [...this.#objects.keys()].filter((key) => key.startsWith(prefix)).sort()
  }

  head(key: string): ObjectInfo | null {
    const found = this.#objects.get(key)
    return found ? infoOf(key, found) : null
  }

  put(key: string, body: Uint8Array, condition?: PutCondition): ObjectInfo {
    const now = this.head(key)
    if (condition && ('ifAbsent' in condition ? now !== null : now?.etag !== condition.ifMatch)) throw conflict(key)
    return this.#set(key, { body, sha256: hashOf(body) })
  }

  delete(key: string): void {
    if (this.#objects.delete(key)) this.onWrite(key)
  }

  copying(from: string, to: string): Steps<ObjectInfo | null> {
    let source: StoredBytes | undefined
    const read = () => {
      source = this.#objects.get(from)
    }
    const land = () => (source ? this.#set(to, source) : null)
    function both(): ObjectInfo | null {
      read()
      return land()
    }
    return this.#kind === 'bucket' ? [read, land] : [both]
  }

  moving(from: string, to: string, seen: ObjectInfo | null): Steps<ObjectInfo | null> {
    if (this.#kind === 'folder')
      return [
        () => {
          const source = this.#objects.get(from)
          if (!source) return null
          this.#objects.delete(from)
          return this.#set(to, source)
        },
      ]
    if (this.#kind === 'old bucket') return this.copying(from, to)
    const [read, land] = this.copying(from, to) as [() => unknown, () => ObjectInfo | null]
    let known: ObjectInfo | null = null
    return [
      () => {
        known = this.head(from)
        read()
      },
      () => {
        if (known && (this.head(to)?.etag ?? null) !== (seen?.etag ?? null)) throw conflict(to)
        return land()
      },
    ]
  }

  #set(key: string, object: StoredBytes): ObjectInfo {
    this.#objects.set(key, object)
    this.onWrite(key)
    return infoOf(key, object)
  }
}

function infoOf(key: string, { body, sha256 }: StoredBytes): ObjectInfo {
  return { key, size: body.length, etag: sha256, sha256 }
}

function conflict(key: string): DwhError {
  return new DwhError('CONFLICT', `${key}: changed by another writer (conditional write failed)`)
}

export function hashOf(body: Uint8Array | string): string {
  return createHash('sha256').update(body).digest('hex')
}
