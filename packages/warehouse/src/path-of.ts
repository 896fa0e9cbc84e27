import type { ObjectStore } from '@dwh/core'

/** What another program calls an object: a path, `s3://bucket/key`, or its URL. */
export function pathOf(store: ObjectStore, key: string): string {
  const path = store.localPath?.(key)
  if (path !== undefined) return path
  // a key is no part of a URL: it may hold a %
  const segments = /^https?:/.test(store.url) ? key.split('/').map(encodeURIComponent) : [key]
  return `${store.url}/${segments.join('/')}`
}
