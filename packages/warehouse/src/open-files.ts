import { join } from 'node:path'
import type { Config } from '@dwh/config'
import type { ObjectStore, ReadOptions } from '@dwh/core'
import { readState } from '@dwh/metadata'
import { type CommittedFiles, cachedFiles, localFiles, verifiedInFolder } from '@dwh/query'

/** Opens the committed files of a warehouse, local or remote. The cache folder holds fetched files and known hashes. */
export function openFiles(config: Config, store: ObjectStore): CommittedFiles {
  const options = {
    store,
    readState: async (options: ReadOptions) => (await readState(store, options)).state,
    verified: verifiedInFolder(join(config.cache, 'verified')),
  }
  if (store.localPath) return localFiles(options)
  return cachedFiles({ ...options, folder: join(config.cache, 'files'), maxBytes: config.cacheBytes })
}
