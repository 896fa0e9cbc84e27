import { readdir, rmdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** Finds the folder, or its nearest existing parent. */
export async function nearestFolder(path: string): Promise<{ path: string; isFolder: boolean }> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => error)
  if (!(found instanceof Error)) return { path, isFolder: found.isDirectory() }
  return found.code === 'ENOENT' || found.code === 'ENOTDIR' ? nearestFolder(dirname(path)) : { path, isFolder: true }
}

/** Removes a folder that holds only empty folders, and its empty parents below `stay`. */
export async function removeEmptyFolders(path: string, stay: string): Promise<void> {
  await removeEmpty(path)
  for (let above = dirname(path); above.length > stay.length; above = dirname(above)) await rmdir(above).catch(() => {})
}

async function removeEmpty(path: string): Promise<void> {
  for (const entry of await readdir(path, { withFileTypes: true }).catch(() => []))
    if (entry.isDirectory()) await removeEmpty(join(path, entry.name))
  // a folder that is not empty stays
  await rmdir(path).catch(() => {})
}
