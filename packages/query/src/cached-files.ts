import { randomBytes } from 'node:crypto'
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DwhError, type EtlState, type FileEntry, type ObjectStore, type ReadOptions, whereToLook } from '@dwh/core'
import { type CommittedFiles, damaged, LOOKS, type OpenFile, openPromised } from './local-files.ts'
import type { VerifiedFiles } from './verified-files.ts'

export interface CachedFilesOptions {
  /** Any store: objects are fetched from it. */
  readonly store: ObjectStore
  readonly readState: (options: ReadOptions) => Promise<EtlState>
  /** Made when absent; any number of processes may share it. */
  readonly folder: string
  readonly verified: VerifiedFiles
  /** The most that the folder holds; what was not used for longest goes first. Default 10 GiB. */
  readonly maxBytes?: number | undefined
  /** Called before an object is fetched. */
  readonly onFetch?: (file: FileEntry) => void
}

export const DEFAULT_CACHE_BYTES: number = 10 * 1024 ** 3

/**
 * Committed files of a bucket, by way of a folder on this machine. A file there is named by its SHA-256, so it never goes out of date: what was
 * fetched once is read without asking the store. It is hashed while it comes in, gets its name when it is whole, and is pinned by an open descriptor
 * while it is read, so that removing it from the folder disturbs nobody.
 *
 * A file that is larger than the whole folder may be is not fetched: it is read where it is, by a presigned URL, and known by its size and by the hash
 * that the store keeps with it.
 */
export function cachedFiles(options: CachedFilesOptions): CommittedFiles {
  const { store, readState, folder, verified, maxBytes = DEFAULT_CACHE_BYTES } = options
  const pathOf = (file: FileEntry) => join(folder, `${file.sha256}${DATA}`)

  async function fromCache(file: FileEntry, signal: AbortSignal | undefined): Promise<OpenFile | null> {
    const opened = await openPromised(pathOf(file), file, verified, signal)
    if (opened) await touch(pathOf(file))
    return opened
  }

  /** Fetches the object under one of its keys; false when that is not it. */
  async function fetch(key: string, file: FileEntry, signal: AbortSignal | undefined): Promise<boolean> {
    const found = await store.head(key, { signal })
    if (found?.size !== file.bytes || (found.sha256 !== null && found.sha256 !== file.sha256)) return false
    await makeRoom(folder, file, maxBytes)
    options.onFetch?.(file)
    const incoming = join(folder, `${file.sha256}.${randomBytes(6).toString('hex')}${INCOMING}`)
    try {
      const fetched = await store.getFile(key, incoming, { signal })
      if (fetched?.sha256 !== file.sha256) return false
      await verified.add(file.sha256, await stat(incoming, { bigint: true }))
      await rename(incoming, pathOf(file))
      await touch(pathOf(file))
      return true
    } finally {
      await rm(incoming, { force: true })
    }
  }

  /** The object under its key, when it carries the promised hash: its bytes are not read here. */
  async function openInPlace(file: FileEntry, signal: AbortSignal | undefined): Promise<OpenFile> {
    const otherwise = tooLarge(file, maxBytes)
    if (!store.presignedUrl) throw otherwise
    const tried = new Set<string>()
    for (let look = 0; look < LOOKS; look += 1) {
      for (const key of whereToLook(await readState({ signal }), file)) {
        tried.add(key)
        const found = await store.head(key, { signal })
        if (found?.size !== file.bytes || found.sha256 !== file.sha256) continue
        const unchanged = async () => (await store.head(key))?.etag === found.etag
        return {
          path: await store.presignedUrl(key, IN_PLACE_SECONDS),
          inPlace: { unchanged, otherwise },
          close: async () => {},
        }
      }
    }
    throw damaged(file, tried)
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
      const tried = new Set<string>()
      for (let look = 0; look < LOOKS; look += 1) {
        for (const key of whereToLook(await readState({ signal }), file)) {
          tried.add(key)
          if (!(await fetch(key, file, signal))) continue
          const opened = await fromCache(file, signal)
          if (opened) return opened
        }
      }
      throw damaged(file, tried)
    },
  }
}

/** The longest that S3 grants: a session may stay open. */
const IN_PLACE_SECONDS = 7 * 86_400

const DATA = '.parquet'
/** A file of one byte whose time is that of the last use: the time of the data is part of what says that it is unchanged. */
const USED = '.used'
const INCOMING = '.incoming'
/** A fetch that is this much older than the newest file belongs to a process that was killed. */
const ABANDONED_MS = 24 * 3_600_000

async function touch(path: string): Promise<void> {
  try {
    await writeFile(`${path}${USED}`, '.')
  } catch {
    // the order in which files go is a matter of speed only
  }
}

function tooLarge({ key, bytes }: FileEntry, maxBytes: number): DwhError {
  return new DwhError('CACHE_TOO_SMALL', `${key}: too large for the cache: ${bytes} bytes, cache size ${maxBytes}`, {
    hint: "Raise cache_size (DWH_CACHE_SIZE), or install DuckDB's extension httpfs (DWH_EXTENSIONS names its folder) to read it in place.",
    context: { key, bytes },
  })
}

/** Removes what was not used for longest until there is room for one more file. */
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
