import { join } from 'node:path'
import { type Day, DwhError, type FileEntry, type ObjectStore, parseTableName, partKey } from '@dwh/core'
import { putPart } from '@dwh/metadata'
import type { TableResult } from './execute-plan.ts'

/** Files of a running run. */
export interface RunFiles {
  readonly runId: string
  readonly date: Day
  /** Temporary folder of this run; it is removed after the step. */
  readonly folder: string
  /** Returns the path of a local file with the content of a stored file, to read. */
  pathOf(file: FileEntry): Promise<string>
  /**
   * Stores a finished file of a table, by its name as `formatTableName` returns it, and removes the local file. It is
   * not visible before the commit.
   */
  store(table: string, path: string): Promise<Omit<FileEntry, 'rows'>>
}

/**
 * Derives results from the tables that were read, before anything is published: it may add results, remove some, or
 * make some fail. The sources are closed by then.
 */
export type Derive = (results: readonly TableResult[], files: RunFiles) => Promise<readonly TableResult[]>

interface RunFilesOptions {
  readonly store: ObjectStore
  readonly runId: string
  readonly date: Day
  readonly folder: string
  readonly signal?: AbortSignal | undefined
}

export function runFiles({ store, runId, date, folder, signal }: RunFilesOptions): RunFiles {
  const fetched = new Map<string, Promise<string>>()
  return {
    runId,
    date,
    folder,
    pathOf({ key, sha256 }) {
      const local = store.localPath?.(key)
      const path = local === undefined ? (fetched.get(key) ?? fetchFile(key, sha256)) : Promise.resolve(local)
      fetched.set(key, path)
      path.catch(() => fetched.delete(key))
      return path
    },
    async store(table, path) {
      const key = partKey(parseTableName(table), date, runId)
      const { size, sha256 } = await putPart(store, key, path, signal)
      if (sha256 === null)
        throw new DwhError('STORE_FAILED', `${key}: the store did not return the SHA-256 of the file`, {
          hint: 'putFile of a store must return the SHA-256 of the file: see ObjectStore of @dwh/core.',
        })
      return { key, bytes: size, sha256 }
    },
  }

  async function fetchFile(key: string, sha256: string): Promise<string> {
    const path = join(folder, `${sha256}.fetched`)
    const found = await store.getFile(key, path, { signal })
    if (found?.sha256 === sha256) return path
    throw new DwhError('DAMAGED', `${store.url}/${key}: not the file that this run stored`, {
      hint: 'Check whether another program writes below _dwh/parts, and run again.',
    })
  }
}
