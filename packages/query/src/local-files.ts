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

/** A committed file, ready to be read, its bytes pinned until it is closed. */
export interface OpenFile {
  /** For DuckDB to read, in this process. */
  readonly path: string
  /** Set where the file stays where it is, and `path` is a URL that DuckDB's `httpfs` reads. */
  readonly inPlace?: FileInPlace
  close(): Promise<void>
}

/** A file that is read where it is, over the network. */
export interface FileInPlace {
  /** False once the object is another than the one that was opened. */
  unchanged(): Promise<boolean>
  /** What to say where there is no `httpfs`. */
  readonly otherwise: DwhError
}

/** Where a warehouse's files come from. */
export interface CommittedFiles {
  /**
   * Opens the bytes that a manifest promises, and no others.
   * @throws DwhError DAMAGED when nobody has them, and the store's errors
   */
  open(file: FileEntry, signal?: AbortSignal): Promise<OpenFile>
}

export interface LocalFilesOptions {
  /** One that has `localPath`. */
  readonly store: ObjectStore
  readonly readState: (options: ReadOptions) => Promise<EtlState>
  /** Default: remembered in memory. */
  readonly verified?: VerifiedFiles
}

const HASH_CHUNK_BYTES = 1024 * 1024

/**
 * Committed files of a local folder. Each is found staged, final or retained, hashed at first sight, and pinned by its open descriptor: DuckDB reads
 * `/proc/self/fd/N`, the very file that was hashed, whatever is renamed over its name or removed meanwhile. Works where nothing may be written, and
 * leaves nothing behind when the process is killed.
 */
export function localFiles({ store, readState, verified = verifiedInMemory() }: LocalFilesOptions): CommittedFiles {
  const localPath = store.localPath?.bind(store)
  if (!localPath) throw new DwhError('STORE_FAILED', `${store.url}: its files are not on this machine`)
  return {
    async open(file, signal) {
      // the state may have moved on between two looks; a publication that is under way moves each file once
      const tried = new Set<string>()
      for (let look = 0; look < LOOKS; look += 1) {
        for (const key of whereToLook(await readState({ signal }), file)) {
          tried.add(key)
          const opened = await openPromised(localPath(key), file, verified, signal)
          if (opened) return opened
        }
      }
      throw damaged(file, tried)
    },
  }
}

/** Staged, then final, then, once `etl.json` has been read again, retained. */
export const LOOKS = 3

/** Opens a file of this machine when it holds the promised bytes; null when it does not, or is not there. */
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

/** Nobody has the bytes of a committed file. */
export function damaged(file: FileEntry, tried: Iterable<string>): DwhError {
  return new DwhError(
    'DAMAGED',
    `${file.key}: file missing or corrupted: expected SHA-256 ${file.sha256} in ${[...tried].join(', ')}`,
    {
      hint: 'The file was changed, damaged or removed. Restore it, or run `dwh run` to read the table again.',
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
