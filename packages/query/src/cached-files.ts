import { randomBytes } from 'node:crypto'
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DwhError, type EtlState, type FileEntry, formatBytes, type ObjectStore, type ReadOptions } from '@dwh/core'
import { type CommittedFiles, lookFor, type OpenFile, openPromised } from './local-files.ts'
import type { VerifiedFiles } from './verified-files.ts'

export interface CachedFilesOptions {
  /** Any store; objects are downloaded from it. */
  readonly store: ObjectStore
  readonly readState: (options: ReadOptions) => Promise<EtlState>
  /** The cache folder; made when absent. Any number of processes may share it. */
  readonly folder: string
  readonly verified: VerifiedFiles
  /** The size limit of the folder; the least recently used files are removed first. Default 10 GiB. */
  readonly maxBytes?: number | undefined
  /** Called before an object is downloaded. */
  readonly onFetch?: (file: FileEntry) => void
}

export const DEFAULT_CACHE_BYTES: number = 10 * 1024 ** 3

/**
 * Opens committed files of a bucket through a cache folder on this machine. A cached file is named by its SHA-256, so
 * it never goes out of date: the cache is read without asking the store. A file is hashed while it is downloaded, gets
 * its name when it is complete, and is pinned by an open descriptor while it is read, so that removing it from the
 * folder disturbs no reader.
 *
 * A file that is larger than the limit of the folder is not downloaded. It is read in place, by a presigned URL, and
 * identified by its size and by the hash that the store keeps with it.
 */
export function cachedFiles(options: CachedFilesOptions): CommittedFiles {
  const { store, readState, folder, verified, maxBytes = DEFAULT_CACHE_BYTES } = options
  const pathOf = (file: FileEntry) => join(folder, `${file.sha256}${DATA}`)

  async function fromCache(file: FileEntry, signal: AbortSignal | undefined): Promise<OpenFile | null> {
    const opened = await openPromised(pathOf(file), file, verified, signal)
    if (opened) await touch(pathOf(file))
    return opened
  }

  /** False when the key holds another object, as far as the store tells without reading it. */
  async function isThere(key: string, file: FileEntry, signal: AbortSignal | undefined): Promise<boolean> {
    const found = await store.head(key, { signal })
    return found?.size === file.bytes && (found.sha256 === null || found.sha256 === file.sha256)
  }

  /** Downloads an object to a path; false when it has other bytes than the file. */
  async function download(key: string, file: FileEntry, path: string, signal: AbortSignal | undefined) {
    options.onFetch?.(file)
    return (await store.getFile(key, path, { signal }))?.sha256 === file.sha256
  }

  /** Downloads the object from one of its keys; false when the key holds another object. */
  async function fetch(key: string, file: FileEntry, signal: AbortSignal | undefined): Promise<boolean> {
    if (!(await isThere(key, file, signal))) return false
    await makeRoom(folder, file, maxBytes)
    const incoming = join(folder, `${file.sha256}.${randomBytes(6).toString('hex')}${INCOMING}`)
    try {
      if (!(await download(key, file, incoming, signal))) return false
      await verified.add(file.sha256, await stat(incoming, { bigint: true }))
      await rename(incoming, pathOf(file))
      await touch(pathOf(file))
      return true
    } finally {
      await rm(incoming, { force: true })
    }
  }

  /** Opens an object in place, if the store's hash of it is the committed one. Does not read its bytes. */
  async function openInPlace(file: FileEntry, signal: AbortSignal | undefined): Promise<OpenFile> {
    const otherwise = tooLarge(file, maxBytes)
    const presignedUrl = store.presignedUrl?.bind(store)
    if (!presignedUrl) throw otherwise
    return lookFor(file, readState, signal, async (key) => {
      const found = await store.head(key, { signal })
      if (found?.size !== file.bytes || found.sha256 !== file.sha256) return null
      const unchanged = async () => (await store.head(key))?.etag === found.etag
      return {
        path: await presignedUrl(key, IN_PLACE_SECONDS),
        inPlace: { unchanged, otherwise },
        close: async () => {},
      }
    })
  }

  return {
    async open(file, signal) {
      if (file.bytes > maxBytes) return openInPlace(file, signal)
      const cached = await fromCache(file, signal)
      if (cached) return cached
      await mkdir(folder, { recursive: true }).catch((cause) => {
        throw new DwhError('WRITE_FAILED', `${folder}: ${cause.message}`, {
          cause,
          hint: 'Set DWH_CACHE to a writable folder.',
        })
      })
      return lookFor(file, readState, signal, async (key) =>
        (await fetch(key, file, signal)) ? fromCache(file, signal) : null,
      )
    },
    async openOnDisk(file, path, signal) {
      const cached = await fromCache(file, signal)
      if (cached) return cached
      return lookFor(file, readState, signal, async (key) => {
        const came = (await isThere(key, file, signal)) && (await download(key, file, path, signal))
        return came ? { path, close: async () => {} } : null
      })
    },
  }
}

/** The maximum of S3, because a session may stay open for long. */
const IN_PLACE_SECONDS = 7 * 86_400

const DATA = '.parquet'
/**
 * A file of one byte; its time is the last use. The time of the data file must not change: it shows that the file is
 * unchanged.
 */
const USED = '.used'
const INCOMING = '.incoming'
/** A download that is this much older than the newest file belongs to a killed process. */
const ABANDONED_MS = 24 * 3_600_000

async function touch(path: string): Promise<void> {
  try {
    await writeFile(`${path}${USED}`, '.')
  } catch {
    // the order in which files are removed only affects speed
  }
}

function tooLarge({ key, bytes }: FileEntry, maxBytes: number): DwhError {
  return new DwhError(
    'CACHE_TOO_SMALL',
    `${key}: too large for the cache: ${formatBytes(bytes)}, cache size ${formatBytes(maxBytes)}`,
    {
      hint: "Raise cache_size (DWH_CACHE_SIZE), or install DuckDB's extension httpfs with `dwh extensions add httpfs`, to read it in place.",
      context: { key, bytes },
    },
  )
}

/** Removes the least recently used files until there is space for one more file. */
async function makeRoom(folder: string, file: FileEntry, maxBytes: number): Promise<void> {
  const names = await readdir(folder)
  const entries = await Promise.all(
    names
      .filter((name) => name.endsWith(DATA) || name.endsWith(INCOMING))
      .map(async (name) => {
        const path = join(folder, name)
        const [data, used] = await Promise.all([stat(path).catch(() => null), stat(`${path}${USED}`).catch(() => null)])
        return { path, bytes: data?.size ?? 0, usedAt: (used ?? data)?.mtimeMs ?? 0, incoming: name.endsWith(INCOMING) }
      }),
  )
  const newest = Math.max(0, ...entries.map(({ usedAt }) => usedAt))
  let total = entries.reduce((sum, { bytes }) => sum + bytes, 0)
  for (const entry of entries.sort((a, b) => a.usedAt - b.usedAt)) {
    const abandoned = entry.incoming && entry.usedAt < newest - ABANDONED_MS
    if (!abandoned && (entry.incoming || total + file.bytes <= maxBytes)) continue
    await rm(entry.path, { force: true })
    await rm(`${entry.path}${USED}`, { force: true })
    total -= entry.bytes
  }
}
