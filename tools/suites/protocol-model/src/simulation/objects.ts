import { createHash } from 'node:crypto'
import { DwhError, isInternal, type ObjectInfo, type PutCondition } from '@dwh/core'

export interface StoredBytes {
  readonly body: Uint8Array
  readonly sha256: string
}

/**
 * How a store copies an object. `folder`: a link, then one rename, which fails where another copy for the same key was
 * begun meanwhile. `bucket`: a copy that reads its source first and lands later, if the target is still the object that
 * was seen. `old bucket`: a copy in one step, on a server without conditional copies.
 */
export type StoreKind = 'folder' | 'bucket' | 'old bucket'

/** The steps of one request on the server. The last step returns the answer. Any time may pass between two steps. */
export type Steps<T> = readonly [...(() => unknown)[], () => T]

/** A copy of which only the last step is left. */
export interface PreparedCopy {
  readonly from: string
  readonly to: string
  /** The bytes of its link, or what the source was. */
  readonly source: StoredBytes
  /** The ETag of the target; null where there was none. */
  readonly seen: string | null
}

/** The objects of a store. `onWrite` is called after each change. */
export class Objects {
  readonly #objects: Map<string, StoredBytes>
  readonly #kind: StoreKind
  /** Folders: by the key of the target, the copy whose link is there. */
  readonly #links = new Map<string, PreparedCopy>()
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

  deleting(key: string): Steps<void> {
    const remove = () => {
      if (this.#objects.delete(key)) this.onWrite(key)
    }
    if (this.#kind !== 'folder' || isInternal(key)) return [remove]
    return [() => this.#links.delete(key), remove]
  }

  /** All of a copy but its last step; null without a source. */
  preparing(from: string, to: string): Steps<PreparedCopy | null> {
    let seen: string | null = null
    const look = () => {
      seen = this.head(to)?.etag ?? null
    }
    const prepare = () => {
      const source = this.#objects.get(from)
      if (!source) return null
      const prepared = { from, to, source, seen }
      if (this.#kind === 'folder') this.#links.set(to, prepared)
      return prepared
    }
    return this.#kind === 'folder' ? [() => this.#links.delete(to), prepare] : [look, prepare]
  }

  /** The last step of a copy; null where it came too late. */
  copying(prepared: PreparedCopy): Steps<ObjectInfo | null> {
    const { from, to, seen } = prepared
    if (this.#kind === 'folder')
      return [
        () => {
          if (this.#links.get(to) !== prepared) return null
          this.#links.delete(to)
          return this.#set(to, prepared.source)
        },
      ]
    let source: StoredBytes | undefined
    const read = () => {
      source = this.#objects.get(from)
    }
    const land = () => {
      const isLate = this.#kind === 'bucket' && (this.head(to)?.etag ?? null) !== seen
      return source && !isLate ? this.#set(to, source) : null
    }
    return [read, land]
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
