import { createHash, randomBytes } from 'node:crypto'
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isDwhError, type ObjectStore, wrapStore } from '@dwh/core'

export interface RememberingStoreOptions {
  readonly store: ObjectStore
  /**
   * What tells this storage from every other, beside its URL: the endpoint of a bucket. Two servers may each have a
   * bucket of one name.
   */
  readonly at?: string | undefined
  /** Made when absent; any number of stores and processes may share it. */
  readonly folder: string
  /** Called when an object was answered from memory because the store did not answer: when it was last read, and what the store failed with. */
  readonly onAway: (readAt: Date, error: Error) => void
}

/**
 * A store whose small objects can still be read when it is away: every `get` is remembered in a folder, and answered from there when the store is
 * unreachable. For readers only: what it answers may be old, and its ETags are those of then.
 */
export function rememberingStore({ store, at = '', folder, onAway }: RememberingStoreOptions): ObjectStore {
  const own = createHash('sha256').update(`${at} ${store.url}`).digest('hex').slice(0, 16)
  const pathOf = (key: string) => join(folder, `${own}-${createHash('sha256').update(key).digest('hex')}`)

  return wrapStore(store, {
    async get(key, options) {
      const path = pathOf(key)
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
    // it only means that an answer cannot be given later, when the store is away
    await rm(temporary, { force: true }).catch(() => {})
  }
}
