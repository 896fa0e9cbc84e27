import type { BigIntStats } from 'node:fs'
import { open, rmdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { ObjectInfo, StoredObject } from '@dwh/core'
import { hasCode } from './local-errors.ts'

/** Returns the info of a file without reading it; null when there is none. */
export async function plainInfo(key: string, path: string): Promise<ObjectInfo | null> {
  const found = await orNull(stat(path, { bigint: true }))
  return found?.isFile() ? infoOf(key, found) : null
}

export function infoOf(key: string, found: BigIntStats): ObjectInfo {
  return { key, size: Number(found.size), etag: statEtag(found), sha256: null }
}

function statEtag({ ino, size, mtimeNs }: BigIntStats): string {
  return `"${ino.toString(16)}-${size.toString(16)}-${mtimeNs.toString(16)}"`
}

/** Reads a plain file; null when there is none. */
export async function readPlain(path: string): Promise<StoredObject | null> {
  const file = await orNull(open(path))
  if (!file) return null
  try {
    const found = await file.stat({ bigint: true })
    return found.isFile() ? { body: await file.readFile(), etag: statEtag(found) } : null
  } finally {
    await file.close()
  }
}

/** Returns null instead of an error for a missing file, also for a path below a file. */
export async function orNull<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return null
    throw error
  }
}

/**
 * Removes the folders that a delete has left empty, up to the root. Another process may be about to write there:
 * writers make their folders again.
 */
export async function removeEmptyFolders(folder: string, root: string): Promise<void> {
  for (let path = folder; path.startsWith(root) && path !== root; path = dirname(path)) {
    const removed = await rmdir(path).then(
      () => true,
      () => false,
    )
    if (!removed) return
  }
}
