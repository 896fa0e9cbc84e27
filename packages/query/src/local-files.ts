import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { platform } from 'node:process'
import {
  DwhError,
  type EtlState,
  type FileEntry,
  type ObjectStore,
  type ReadOptions,
  throwIfAborted,
  whereToLook,
} from '@dwh/core'
import { type VerifiedFiles, verifiedInMemory } from './verified-files.ts'

/** An open committed file. Its bytes are pinned until it is closed. */
export interface OpenFile {
  /** The path for DuckDB, valid in this process. */
  readonly path: string
  /** Set when the file is read in place: `path` is then a URL that DuckDB's `httpfs` reads. */
  readonly inPlace?: FileInPlace
  close(): Promise<void>
}

/** A file that is read in place, over the network. */
export interface FileInPlace {
  /** Returns false once the object has been replaced. */
  unchanged(): Promise<boolean>
  /** The error to throw when `httpfs` is missing. */
  readonly otherwise: DwhError
}

/** Access to the committed files of a warehouse. */
export interface CommittedFiles {
  /**
   * Opens a file with exactly the committed bytes.
   * @throws DwhError DAMAGED when no key has them, and the store's errors
   */
  open(file: FileEntry, signal?: AbortSignal): Promise<OpenFile>
  /**
   * As `open`, but never in place: bytes that are not on this machine are downloaded to `path`, which is then the path
   * of the open file and the caller's to remove, also after an error. A file at `path` is replaced.
   */
  openOnDisk(file: FileEntry, path: string, signal?: AbortSignal): Promise<OpenFile>
}

export interface LocalFilesOptions {
  /** A store with `localPath`. */
  readonly store: ObjectStore
  readonly readState: (options: ReadOptions) => Promise<EtlState>
  /** Default: `verifiedInMemory()`. */
  readonly verified?: VerifiedFiles
}

const HASH_CHUNK_BYTES = 1024 * 1024

/**
 * Opens committed files of a local folder. Finds each file staged, final or retained, hashes it on first use, and pins
 * it by its open descriptor: DuckDB reads `/proc/self/fd/N`, the file that was hashed, even if its name is replaced or
 * removed in the meantime. Works in read-only folders, and leaves nothing behind when the process is killed.
 */
export function localFiles({ store, readState, verified = verifiedInMemory() }: LocalFilesOptions): CommittedFiles {
  const localPath = store.localPath?.bind(store)
  if (!localPath) throw new DwhError('STORE_FAILED', `${store.url}: its files are not on this machine`)
  const open: CommittedFiles['open'] = (file, signal) =>
    lookFor(file, readState, signal, (key) => openPromised(localPath(key), file, verified, signal))
  return { open, openOnDisk: (file, _path, signal) => open(file, signal) }
}

/** Attempts at finding a file: staged, then final, then, after rereading `etl.json`, retained. */
const LOOKS = 3

/**
 * Tries to open a file at each key where it can be. The state may change between two attempts: a publication of
 * version 3 moves each file once.
 * @throws DwhError DAMAGED when `open` returns null for every key
 */
export async function lookFor(
  file: FileEntry,
  readState: LocalFilesOptions['readState'],
  signal: AbortSignal | undefined,
  open: (key: string) => Promise<OpenFile | null>,
): Promise<OpenFile> {
  const tried = new Set<string>()
  for (let look = 0; look < LOOKS; look += 1) {
    for (const key of whereToLook(await readState({ signal }), file)) {
      tried.add(key)
      const opened = await open(key)
      if (opened) return opened
    }
  }
  throw damaged(file, tried)
}

/** Opens a local file if it has the committed bytes; null if it has not, or does not exist. */
export async function openPromised(
  path: string,
  file: FileEntry,
  verified: VerifiedFiles,
  signal: AbortSignal | undefined,
): Promise<OpenFile | null> {
  const handle = await openIfThere(path)
  if (!handle) return null
  let promised = false
  try {
    promised = await holds(handle, file, verified, signal)
  } finally {
    if (!promised) await handle.close()
  }
  return promised ? { path: descriptorPath(handle), close: () => handle.close() } : null
}

async function holds(
  handle: FileHandle,
  file: FileEntry,
  verified: VerifiedFiles,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const found = await handle.stat({ bigint: true })
  if (!found.isFile() || found.size !== BigInt(file.bytes)) return false
  if (await verified.has(file.sha256, found)) return true
  if ((await hashOf(handle, signal)) !== file.sha256) return false
  await verified.add(file.sha256, found)
  return true
}

/** The error when no key has the bytes of a committed file. */
function damaged(file: FileEntry, tried: Iterable<string>): DwhError {
  return new DwhError(
    'DAMAGED',
    `${file.key}: file missing or corrupted: expected SHA-256 ${file.sha256} in ${[...tried].join(', ')}`,
    {
      hint: 'The file was changed, damaged or removed. Restore it, or run `dwh run --full-refresh` to read the table again.',
      context: { key: file.key },
    },
  )
}

async function openIfThere(path: string): Promise<FileHandle | null> {
  try {
    return await open(path)
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return null
    const hint =
      code === 'EMFILE' ? 'Raise the limit on open files (ulimit -n): each table in use needs one.' : undefined
    throw new DwhError(code === 'EACCES' ? 'STORE_DENIED' : 'STORE_FAILED', `${path}: ${message}`, { cause, hint })
  }
}

async function hashOf(handle: FileHandle, signal: AbortSignal | undefined): Promise<string> {
  const hash = createHash('sha256')
  const buffer = Buffer.allocUnsafe(HASH_CHUNK_BYTES)
  for (let position = 0; ; ) {
    throwIfAborted(signal, 'query')
    const { bytesRead } = await handle.read(buffer, 0, HASH_CHUNK_BYTES, position)
    if (bytesRead === 0) return hash.digest('hex')
    hash.update(buffer.subarray(0, bytesRead))
    position += bytesRead
  }
}

function descriptorPath(handle: FileHandle): string {
  return platform === 'linux' ? `/proc/self/fd/${handle.fd}` : `/dev/fd/${handle.fd}`
}
