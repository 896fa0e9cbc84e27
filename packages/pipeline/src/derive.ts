import { join } from 'node:path'
import { type Day, DwhError, type FileEntry, type ObjectStore, stageKey } from '@dwh/core'
import { stageFile } from '@dwh/metadata'
import type { TableResult } from './execute-plan.ts'

/** Files of a running run. */
export interface RunFiles {
  readonly runId: string
  readonly date: Day
  /** Temporary folder of this run; it is removed after the step. */
  readonly folder: string
  /** Returns the path of a local file with the content of a staged file, to read. */
  pathOf(file: FileEntry): Promise<string>
  /**
   * Stages a finished file under its final key, and removes the local file. It is not visible before the commit.
   * @returns the size and SHA-256 of the stored file
   */
  stage(key: string, path: string): Promise<Pick<FileEntry, 'bytes' | 'sha256'>>
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
      const staged = stageKey(runId, key)
      const local = store.localPath?.(staged)
      const path = local === undefined ? (fetched.get(key) ?? fetchFile(staged, sha256)) : Promise.resolve(local)
      fetched.set(key, path)
      path.catch(() => fetched.delete(key))
      return path
    },
    async stage(key, path) {
      const { size, sha256 } = await stageFile(store, runId, key, path, signal)
      if (sha256 === null)
        throw new DwhError('STORE_FAILED', `${key}: the store did not return the SHA-256 of the file`, {
          hint: 'putFile of a store must return the SHA-256 of the file: see ObjectStore of @dwh/core.',
        })
      return { bytes: size, sha256 }
    },
  }

  async function fetchFile(staged: string, sha256: string): Promise<string> {
    const path = join(folder, `${sha256}.fetched`)
    const found = await store.getFile(staged, path, { signal })
    if (found?.sha256 === sha256) return path
    throw new DwhError('DAMAGED', `${store.url}/${staged}: not the file that this run staged`, {
      hint: 'Check whether another program writes below _dwh/stage, and run again.',
    })
  }
}
