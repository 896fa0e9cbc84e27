import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { DwhError, folderOwner, isOrphan, temporaryFolderName } from '@dwh/core'

/**
 * Removes the temporary folders of killed processes; returns their number. Best effort: another user may have
 * permissions that we lack.
 */
export async function removeOrphans(tempDirectory: string, now: Date): Promise<number> {
  let removed = 0
  for (const entry of await readdir(tempDirectory).catch(() => [])) {
    const owner = folderOwner(entry)
    if (owner === null) continue
    const path = join(tempDirectory, entry)
    const found = await stat(path).catch(() => null)
    if (!found || !isOrphan(owner, found.mtimeMs, now.getTime())) continue
    await rm(path, { recursive: true, force: true }).then(
      () => {
        removed += 1
      },
      () => {},
    )
  }
  return removed
}

/** Creates the temporary folder of a run. */
export async function makeFolder(tempDirectory: string): Promise<string> {
  try {
    await mkdir(tempDirectory, { recursive: true })
    const folder = join(tempDirectory, temporaryFolderName('run'))
    await mkdir(folder, { mode: 0o700 })
    return folder
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new DwhError('WRITE_FAILED', `temporary folder ${tempDirectory}: ${message}`, {
      cause,
      hint: 'Set DWH_TMP to a folder in which this user may write.',
    })
  }
}
