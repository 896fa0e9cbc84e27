import { createHash, randomBytes } from 'node:crypto'
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isDwhError, type ObjectStore, wrapStore } from '@dwh/core'

export interface RememberingStoreOptions {
  readonly store: ObjectStore
  /**
   * Distinguishes this storage from others with the same URL: the endpoint of a bucket. Two servers may have buckets
   * with the same name.
   */
  readonly at?: string | undefined
  /** The folder; made when absent. Any number of stores and processes may share it. */
  readonly folder: string
  /** Called when an object comes from the folder because the store is unreachable: when it was read, and the error. */
  readonly onAway: (readAt: Date, error: Error) => void
  /** `folder`: does not ask the store for what the folder has, however old. Default `store`. */
  readonly first?: 'store' | 'folder'
}

/**
 * Wraps a store so that its small objects stay readable while it is unreachable: remembers every `get` in a folder, and
 * answers from there. For readers only: answers may be old, and then have an empty ETag.
 */
export function rememberingStore({ store, at = '', folder, onAway, first }: RememberingStoreOptions): ObjectStore {
  const own = createHash('sha256').update(`${at} ${store.url}`).digest('hex').slice(0, 16)
  const pathOf = (key: string) => join(folder, `${own}-${createHash('sha256').update(key).digest('hex')}`)

  return wrapStore(store, {
    async get(key, options) {
      const path = pathOf(key)
      const known = first === 'folder' ? await readFile(path).catch(() => null) : null
      if (known) return { body: known, etag: '' }
      try {
        const found = await store.get(key, options)
        if (found) await remember(path, found.body)
        else await rm(path, { force: true }).catch(() => {})
        return found
      } catch (error) {
        if (!isDwhError(error, 'STORE_UNREACHABLE')) throw error
        const body = await readFile(path).catch(() => null)
        if (!body) throw error
        const { mtime } = await stat(path)
        onAway(mtime, error)
        return { body, etag: '' }
      }
    },
  })
}

async function remember(path: string, body: Uint8Array): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}`
  try {
    await mkdir(join(path, '..'), { recursive: true })
    await writeFile(temporary, body)
    await rename(temporary, path)
  } catch {
    // only means that this object cannot be answered later, when the store is unreachable
    await rm(temporary, { force: true }).catch(() => {})
  }
}
