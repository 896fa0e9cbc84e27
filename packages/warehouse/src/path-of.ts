import type { ObjectStore } from '@dwh/core'

/** Returns the address of an object for other programs: a path, its URL, or `s3://bucket/key`. */
export function pathOf(store: ObjectStore, key: string): string {
  return store.localPath?.(key) ?? store.publicUrl?.(key) ?? `${store.url}/${key}`
}
