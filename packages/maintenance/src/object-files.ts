import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { DwhError, type ObjectStore, temporaryFolderName, throwIfAborted } from '@dwh/core'

/** An object as a local file, read whole. */
export interface SeenFile {
  readonly path: string
  readonly bytes: number
  /** The SHA-256 of the bytes that were read. */
  readonly sha256: string
}

/** Reads whole objects; downloads those of a bucket into a temporary folder. */
export interface ObjectFiles {
  /**
   * Calls `work` with the object's file and returns its result; null when there is no object. The file exists while
   * `work` runs.
   * @throws DwhError DAMAGED for an object whose bytes cannot be read, or differ from what was written
   */
  read<T>(key: string, work: (file: SeenFile) => Promise<T> | T): Promise<T | null>
  /** Removes the folder. */
  close(): Promise<void>
}

export function objectFiles(
  store: ObjectStore,
  { tempDirectory, signal }: { readonly tempDirectory: string; readonly signal?: AbortSignal | undefined },
): ObjectFiles {
  const folder = join(tempDirectory, temporaryFolderName('read'))
  let count = 0
  return {
    async read(key, work) {
      throwIfAborted(signal, key)
      if (store.localPath) {
        const path = store.localPath(key)
        const seen = await hashOf(path, signal)
        return seen && work({ path, ...seen })
      }
      await mkdir(folder, { recursive: true, mode: 0o700 })
      count += 1
      const path = join(folder, String(count))
      try {
        const got = await store.getFile(key, path, { signal })
        return got?.sha256 ? await work({ path, bytes: got.size, sha256: got.sha256 }) : null
      } finally {
        await rm(path, { force: true })
      }
    },
    close: () => rm(folder, { recursive: true, force: true }),
  }
}

async function hashOf(path: string, signal: AbortSignal | undefined): Promise<Omit<SeenFile, 'path'> | null> {
  const hash = createHash('sha256')
  let bytes = 0
  try {
    for await (const chunk of createReadStream(path, { signal })) {
      hash.update(chunk)
      bytes += chunk.length
    }
  } catch (error) {
    throwIfAborted(signal, path)
    const { code = '', message } = error as NodeJS.ErrnoException
    if (['ENOENT', 'ENOTDIR', 'EISDIR'].includes(code)) return null
    // whoever may not read a file does not know whether it is damaged
    if (code === 'EACCES')
      throw new DwhError('STORE_DENIED', `${path}: ${message}`, {
        cause: error,
        hint: 'Give this user permission to read it.',
      })
    throw new DwhError('DAMAGED', `${path}: cannot be read: ${message}`, {
      cause: error,
      hint: 'Check the disk, and restore the file from a backup.',
    })
  }
  return { bytes, sha256: hash.digest('hex') }
}
