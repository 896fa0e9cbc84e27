import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { DwhError, type TableEntry, temporaryFolderName } from '@dwh/core'
import type { ParquetWriter } from '@dwh/parquet-writer'
import type { CommittedFiles, OpenFile } from '@dwh/query'
import { mergeFiles } from './merge-files.ts'

/** One Parquet file on this machine with all rows of a table. It stays the same until `close`. */
export interface HeldFile {
  /** The key of the file, or of the first of those that were merged, for messages. */
  readonly key: string
  readonly path: string
  readonly bytes: number
  readonly sha256: string
  close(): Promise<void>
}

export interface HoldOptions {
  readonly files: CommittedFiles
  /** Folder for downloads and for a merged file; both are in a folder of their own, which `close` removes. */
  readonly temp: string
  /** Where to download the table's only file to. Default: the folder of our own. */
  readonly at: string | null
  readonly withWriter: <T>(work: (writer: ParquetWriter) => Promise<T>) => Promise<T>
  readonly signal: AbortSignal
}

/**
 * Opens the file of a table, verified; one that is not on this machine is downloaded. Several files are merged into a
 * new one with the same columns and field ids, whose rows are in any order and which names no run in its footer.
 * @throws DwhError DAMAGED, WRITE_FAILED, ABORTED, and the store's errors
 */
export async function holdFile(entry: TableEntry, options: HoldOptions): Promise<HeldFile> {
  const { files, temp, at, withWriter, signal } = options
  const folder = join(temp, temporaryFolderName('read'))
  const opened: OpenFile[] = []
  const close = async () => {
    for (const file of opened) await file.close()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    const [only] = entry.files.length === 1 ? entry.files : []
    if (only === undefined || at === null) await makeFolder(folder)
    for (const [i, file] of entry.files.entries())
      opened.push(await files.openOnDisk(file, only && at ? at : join(folder, `${i}.parquet`), signal))
    const paths = opened.map(({ path }) => path)
    const key = entry.files[0]?.key ?? ''
    if (only) return { key, path: paths[0] as string, bytes: only.bytes, sha256: only.sha256, close }
    const path = join(folder, 'merged.parquet')
    await withWriter((writer) => mergeFiles(entry, { paths, to: path, writer, signal }))
    return { key, path, bytes: (await stat(path)).size, sha256: await hashOf(path, signal), close }
  } catch (error) {
    await close()
    throw error
  }
}

async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch((cause) => {
    throw new DwhError('WRITE_FAILED', `${folder}: ${cause.message}`, {
      cause,
      hint: 'Set DWH_TMP to a folder that you may write.',
    })
  })
}

async function hashOf(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path, { signal })) hash.update(chunk)
  return hash.digest('hex')
}
