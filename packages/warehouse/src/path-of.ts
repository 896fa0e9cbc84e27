import type { ObjectStore } from '@dwh/core'

/** What another program calls an object: a path, its URL, or `s3://bucket/key`. */
export function pathOf(store: ObjectStore, key: string): string {
  return store.localPath?.(key) ?? store.publicUrl?.(key) ?? `${store.url}/${key}`
}
