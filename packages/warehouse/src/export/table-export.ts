import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { resolve } from 'node:path'
import { type Day, DwhError, isDwhError, parseTableName, sizeOfFiles, tableSegment, throwIfAborted } from '@dwh/core'
import { openWholeFile, type WholeFile } from '../whole-file.ts'
import type { FoundTable } from './find-table.ts'
import { type HeldFile, type HoldOptions, holdFile } from './hold-file.ts'

/** A table of one day, to be written as one Parquet file. Nothing of it was read yet. */
export interface TableExport {
  /** The table's name in the warehouse. */
  readonly table: string
  /** The last day at or before `askedDay`; without one the day of the current version. */
  readonly day: Day
  readonly askedDay: Day | null
  /** When the source held these rows: `snapshot.taken_at` of the table's entry. */
  readonly takenAt: string
  readonly rows: number
  /** The name of the file if none is given: `orders-2026-02-18.parquet`. */
  readonly fileName: string
  /**
   * Writes the file, whole or not at all; an old file of this name is replaced. `path`: relative to the working folder;
   * default `fileName`. A device or a pipe is written directly; a reader that closes it early is no error.
   * @throws DwhError DAMAGED, CONFIG_INVALID, WRITE_FAILED, ABORTED, and the store's errors
   */
  toFile(path?: string): Promise<ExportedFile>
  /**
   * Streams the bytes of the file, which are verified before the first of them, and again on the way: an error after
   * some bytes means that the disk has changed them. Leaving early ends it.
   * @throws as `toFile`
   */
  bytes(): AsyncGenerator<Uint8Array>
}

export interface ExportedFile {
  /** Absolute. */
  readonly path: string
  readonly bytes: number
  /** Hex. Of a table of one file that of its manifest. */
  readonly sha256: string
}

export interface ExportTools extends Omit<HoldOptions, 'at'> {
  readonly cwd: string
  readonly random: (bytes: number) => Uint8Array
}

const CHUNK_BYTES = 1024 * 1024

export function tableExport(found: FoundTable, askedDay: Day | null, tools: ExportTools): TableExport {
  const { name, entry, day } = found
  const { signal } = tools
  const fileName = `${tableSegment(parseTableName(name))}-${day}.parquet`
  return {
    table: name,
    day,
    askedDay,
    takenAt: entry.snapshot.taken_at,
    rows: sizeOfFiles(entry.files).rows,
    fileName,
    async toFile(path = fileName) {
      const absolute = resolve(tools.cwd, path)
      const file = await openWholeFile(absolute, tools)
      try {
        const held = await holdFile(entry, { ...tools, at: file.direct ? null : file.written })
        try {
          if (held.path !== file.written) await copyInto(file, held, signal)
        } finally {
          await held.close()
        }
        await file.keep()
        return { path: absolute, bytes: held.bytes, sha256: held.sha256 }
      } catch (error) {
        throw explained(error, file)
      } finally {
        await file.close()
      }
    },
    async *bytes() {
      const held = await holdFile(entry, { ...tools, at: null }).catch((error) => {
        throw explained(error, null)
      })
      try {
        yield* readHeld(held, signal)
      } finally {
        await held.close()
      }
    },
  }
}

/** Copies a file into another; a reader that has closed a pipe ends it early. */
async function copyInto(file: WholeFile, held: HeldFile, signal: AbortSignal): Promise<void> {
  const target = await file.open()
  try {
    for await (const chunk of readHeld(held, signal)) {
      try {
        await target.writeFile(chunk)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EPIPE') return
        throw file.failure(error)
      }
    }
  } finally {
    await target.close()
  }
}

/** Reads a file to its end, and checks that it still has the bytes that were verified: a disk may have changed them. */
async function* readHeld({ key, path, sha256 }: HeldFile, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const file = await open(path)
  try {
    const hash = createHash('sha256')
    for (let position = 0; ; ) {
      throwIfAborted(signal, 'export')
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES, position)
      if (bytesRead === 0) break
      const chunk = buffer.subarray(0, bytesRead)
      hash.update(chunk)
      position += bytesRead
      yield chunk
    }
    if (hash.digest('hex') === sha256) return
  } finally {
    await file.close()
  }
  throw new DwhError('DAMAGED', `${key}: its bytes have changed since they were verified`)
}

/** Says what helps: after a file that is damaged, and where the download to the target itself failed. */
function explained(error: unknown, file: WholeFile | null): unknown {
  if (!isDwhError(error)) return error
  if (error.code === 'DAMAGED')
    return new DwhError('DAMAGED', error.message, {
      hint: DAMAGED_HINT,
      context: error.context,
      cause: error,
    })
  const ofTarget = file !== null && error.cause !== undefined && error.message.startsWith(file.written)
  return ofTarget ? file.failure(error.cause) : error
}

const DAMAGED_HINT = `\`dwh verify\` finds every file that is missing or damaged; \`dwh repair\` makes manifests and plain copies again.
Restore this file from a backup or, for a table of today, read it again with \`dwh run\`.`
