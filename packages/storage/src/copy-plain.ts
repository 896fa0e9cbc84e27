import { createHash } from 'node:crypto'
import { readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { INCOMING_PREFIX, type ObjectInfo } from '@dwh/core'
import { incomingPath } from './conditional-key.ts'
import { linkTo, place, syncFolder } from './durable.ts'
import { orNull, plainInfo } from './plain-file.ts'

export const always = async (): Promise<boolean> => true

/** Copies by a hard link. The last step, one rename, fails where another copy for the same key was begun meanwhile. */
export async function copyPlain(
  root: string,
  source: string,
  to: string,
  isWanted: () => Promise<boolean>,
): Promise<ObjectInfo | null> {
  const prepared = await copyPath(root, to)
  const target = join(root, to)
  try {
    if (!(await orNull(place(source, prepared, linkTo))) || !(await isWanted())) return null
    const info = await plainInfo(to, prepared)
    if (!info || !(await orNull(place(prepared, target, rename).then(() => true)))) return null
    await syncFolder(dirname(target))
    return info
  } finally {
    // it still exists where it is not wanted, and after a rename between two names of one file, which does nothing
    await rm(prepared, { force: true })
  }
}

/**
 * Returns a unique path for a copy of an object that will replace the file of a key, and makes such paths of others
 * unusable: whoever prepared a copy earlier, and slept, finds it gone.
 */
async function copyPath(root: string, key: string): Promise<string> {
  await removeCopies(root, key)
  return `${incomingPath(root)}${copyMark(key)}`
}

/** Removes prepared copies for a key. */
export async function removeCopies(root: string, key: string): Promise<void> {
  const folder = join(root, INCOMING_PREFIX)
  for (const name of (await orNull(readdir(folder))) ?? [])
    if (name.endsWith(copyMark(key))) await rm(join(folder, name), { force: true })
}

const copyMark = (key: string): string => `-${createHash('sha256').update(key).digest('hex').slice(0, 16)}.copy`
