import { createHash, randomInt } from 'node:crypto'
import { type FileHandle, link, mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { DwhError, throwIfAborted } from '@dwh/core'
import { hasCode } from './local-errors.ts'

/*
 * Writes that survive a power cut once they have returned: a file is synced before it gets its name, a folder after a
 * name in it has changed. Files never change in place, because hard links share their bytes.
 */

const CHUNK_BYTES = 1024 * 1024

/** Attempts at making a folder that other processes remove. */
const FOLDER_ATTEMPTS = 100

/** Writes a new file and syncs its bytes; its name is not yet durable. A failure leaves nothing behind. */
export async function writeFile(path: string, body: Uint8Array): Promise<void> {
  await makeFolders(dirname(path))
  const file = await open(path, 'wx')
  try {
    await file.writeFile(body)
    await stamp(file)
    await file.sync()
  } catch (error) {
    await rm(path, { force: true })
    throw error
  } finally {
    await file.close()
  }
}

/** The most that `stamp` moves a time; the clock of a file system ticks every few milliseconds. */
const STAMP_MICROSECONDS = 1000

/**
 * Moves a file's modification time by a random part of a millisecond. Inode, size and time distinguish two contents of
 * one name. Without this, a new file may get the inode of the file that it replaces within one tick of the clock.
 */
export async function stamp(file: FileHandle): Promise<void> {
  const { mtimeMs } = await file.stat()
  const time = (mtimeMs + randomInt(STAMP_MICROSECONDS) / 1000) / 1000
  await file.utimes(time, time)
}

/** Renames a synced file to its final name, over an existing file, and makes the name durable. */
export async function moveInto(from: string, to: string): Promise<void> {
  await place(from, to, rename)
  await syncFolder(dirname(to))
}

/**
 * Gives the file `from` the name `to` by `name` (link or rename). Makes the folder of `to` first, and again if another
 * process has just removed it.
 * @throws the file system's ENOENT when there is no `from`
 */
export async function place<T>(from: string, to: string, name: (from: string, to: string) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await makeFolders(dirname(to))
      return await name(from, to)
    } catch (error) {
      const folderGone = hasCode(error, 'ENOENT') && (await exists(from))
      if (!folderGone || attempt === FOLDER_ATTEMPTS) throw error
    }
  }
}

/** Makes a folder and its parents, and makes their names durable. */
async function makeFolders(folder: string): Promise<void> {
  const first = await makeFolder(folder)
  if (first === undefined) return
  for (let made = folder; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made))
}

/** Makes a folder and its parents. Returns the first folder that was missing; undefined when none was. */
function makeFolder(folder: string): Promise<string | undefined> {
  return mkdir(folder, { recursive: true }).catch((error) => explainMkdir(folder, error))
}

/** On a read-only file system a recursive mkdir fails with ENOENT; making only the first missing folder tells why. */
async function explainMkdir(folder: string, error: unknown): Promise<never> {
  if (!hasCode(error, 'ENOENT')) throw error
  let missing = folder
  while (!(await exists(dirname(missing)))) missing = dirname(missing)
  await mkdir(missing).catch((reason) => {
    throw hasCode(reason, 'EEXIST') ? error : reason
  })
  throw error
}

export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch((error) => {
    // another process has removed the folder again, so our entry in it was already gone
    if (hasCode(error, 'ENOENT')) return null
    throw error
  })
  if (!handle) return
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function exists(path: string): Promise<boolean> {
  const handle = await open(path, 'r').catch(() => null)
  await handle?.close()
  return handle !== null
}

/**
 * Makes a hard link to a file; false when the name is taken.
 * @throws DwhError STORE_FAILED where the file system has no hard links
 */
export async function linkTo(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    if (!hasCode(error, 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK')) throw error
    throw new DwhError('STORE_FAILED', `${to}: the file system does not support hard links`, {
      cause: error,
      hint: 'Commits to a local folder need them: put the warehouse on a file system that supports them, such as ext4, xfs, btrfs or apfs.',
    })
  }
}

/** Returns the hex SHA-256 of a file, read through an open handle. */
export async function hashFile(file: FileHandle, signal?: AbortSignal): Promise<string> {
  return copyBytes(file, null, signal)
}

/** Copies an open file to a new path and syncs it. Returns the hex SHA-256. A failure leaves nothing behind. */
export async function copyFile(source: FileHandle, path: string, signal?: AbortSignal): Promise<string> {
  await makeFolders(dirname(path))
  const target = await open(path, 'wx')
  try {
    const sha256 = await copyBytes(source, target, signal)
    await stamp(target)
    await target.sync()
    return sha256
  } catch (error) {
    await rm(path, { force: true })
    throw error
  } finally {
    await target.close()
  }
}

async function copyBytes(
  source: FileHandle,
  target: FileHandle | null,
  signal: AbortSignal | undefined,
): Promise<string> {
  const hash = createHash('sha256')
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES)
  for (let position = 0; ; ) {
    throwIfAborted(signal, 'copy')
    const { bytesRead } = await source.read(buffer, 0, CHUNK_BYTES, position)
    if (bytesRead === 0) return hash.digest('hex')
    const chunk = buffer.subarray(0, bytesRead)
    hash.update(chunk)
    for (let written = 0; target && written < bytesRead; ) written += (await target.write(chunk, written)).bytesWritten
    position += bytesRead
  }
}
