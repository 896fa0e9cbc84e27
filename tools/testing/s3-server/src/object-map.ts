import { type Content, release } from './body-store.ts'
import type { ChecksumAlgorithm } from './checksums.ts'
import { positionOf } from './key-order.ts'

export interface StoredChecksum {
  readonly algorithm: ChecksumAlgorithm
  /** Base64. For an object made of parts with type `COMPOSITE`, it ends with `-` and the number of parts. */
  readonly value: string
  readonly type: 'FULL_OBJECT' | 'COMPOSITE'
}

/** The `x-amz-server-side-encryption*` headers, by full name, without the customer's key. */
export type Encryption = Readonly<Record<string, string>>

export interface Described {
  /** `content-type`, `cache-control` and similar headers, and every `x-amz-meta-*`, by lower-case name. */
  readonly headers: Readonly<Record<string, string>>
  readonly encryption: Encryption
}

export interface StoredObject extends Described {
  readonly content: Content
  /** Without quotes. */
  readonly etag: string
  readonly modified: Date
  readonly checksum: StoredChecksum | null
  /** The sizes of its parts, in order; empty if it was put as a whole. */
  readonly partSizes: readonly number[]
}

export interface ListedObject {
  readonly key: string
  readonly size: number
  readonly etag: string
  readonly modified: Date
  readonly checksum: StoredChecksum | null
}

/**
 * The objects of one bucket by key. Each call is one step: no other request comes between a condition and its write.
 */
export interface ObjectMap {
  get(key: string): StoredObject | undefined
  /** Takes over the object's hold on its content; releases that of the replaced object. */
  put(key: string, object: StoredObject): void
  delete(key: string): void
  /** Number of writes and deletes so far. */
  readonly writes: number
  /** True if `key` was deleted after `writes` had the given value. */
  deletedSince(key: string, writes: number): boolean
  /** Lists in UTF-8 byte order, from the first key at or after `from`, as of `staleWrites` writes ago. */
  list(from: string, staleWrites?: number): Generator<ListedObject>
}

interface Write {
  readonly key: string
  readonly before: ListedObject | undefined
}

/** The greatest age of a stale list, in writes. */
const REMEMBERED_WRITES = 1000

export function objectMap(): ObjectMap {
  const objects = new Map<string, StoredObject>()
  const keys: string[] = []
  const lastWrites: Write[] = []
  const deletedAt = new Map<string, number>()
  let writes = 0

  function remember(key: string): void {
    writes++
    const before = objects.get(key)
    lastWrites.push({ key, before: before && listed(key, before) })
    if (lastWrites.length > REMEMBERED_WRITES) lastWrites.shift()
    if (before) release(before.content)
  }

  return {
    get: (key) => objects.get(key),
    put(key, object) {
      if (!objects.has(key)) keys.splice(positionOf(keys, key), 0, key)
      remember(key)
      objects.set(key, object)
    },
    delete(key) {
      if (!objects.has(key)) return
      remember(key)
      objects.delete(key)
      keys.splice(positionOf(keys, key), 1)
      deletedAt.set(key, writes)
    },
    get writes() {
      return writes
    },
    deletedSince: (key, since) => (deletedAt.get(key) ?? 0) > since,
    *list(from, staleWrites = 0) {
      const undone = new Map<string, ListedObject | undefined>()
      if (staleWrites > 0)
        for (const { key, before } of lastWrites.slice(-staleWrites)) if (!undone.has(key)) undone.set(key, before)
      const asOf = [...keys]
      for (const [key, before] of undone) {
        const at = positionOf(asOf, key)
        const present = asOf[at] === key
        if (before && !present) asOf.splice(at, 0, key)
        if (!before && present) asOf.splice(at, 1)
      }
      for (let at = positionOf(asOf, from); at < asOf.length; at++) {
        const key = asOf[at] as string
        const before = undone.get(key)
        if (before) yield before
        else yield listed(key, objects.get(key) as StoredObject)
      }
    },
  }
}

function listed(key: string, { content, etag, modified, checksum }: StoredObject): ListedObject {
  return { key, size: content.size, etag, modified, checksum }
}
