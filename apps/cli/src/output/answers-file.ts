import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises'
import { extname } from 'node:path'
import { DwhError } from '@dwh/core'
import type { ExportFormat, ResultFormat } from '@dwh/warehouse'
import type { Output } from '../command-context.ts'

/** A file that results are written to. It appears whole, under its name, with `keep`. */
export interface AnswersFile extends Output {
  keep(): Promise<void>
  /** Removes what was written, unless it was kept. */
  close(): Promise<void>
}

/**
 * Opens a file for results. A regular file is written beside its name first, so that a failed query leaves the old file
 * as it was. A device or a pipe is written directly.
 * @throws DwhError CONFIG_INVALID
 */
export async function openAnswersFile(path: string): Promise<AnswersFile> {
  const wrong = (cause: unknown) =>
    new DwhError('CONFIG_INVALID', `--output ${path}: ${(cause as Error).message}`, {
      cause,
      hint: 'Give the path of a file in a folder that exists and that you may write.',
    })
  const there = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw wrong(error)
  })
  if (there?.isDirectory()) throw wrong(new Error('it is a folder'))
  const direct = there !== null && !there.isFile()
  const written = direct ? path : `${path}.dwh-${process.pid}.tmp`
  const file: FileHandle = await open(written, direct ? 'r+' : 'wx').catch((error) => {
    throw wrong(error)
  })
  let isOpen = true
  const end = async () => {
    if (isOpen) await file.close()
    isOpen = false
  }
  return {
    async write(piece) {
      await file.writeFile(piece)
      return true
    },
    size: () => null,
    isFile: !direct,
    async keep() {
      if (!direct) await file.sync()
      await end()
      if (!direct) await rename(written, path)
    },
    async close() {
      if (!isOpen) return
      await end()
      if (!direct) await rm(written, { force: true })
    },
  }
}

const FORMATS: Readonly<Record<string, ResultFormat | ExportFormat>> = {
  '.csv': 'csv',
  '.tsv': 'tsv',
  '.tab': 'tsv',
  '.json': 'json',
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
  '.md': 'markdown',
  '.parquet': 'parquet',
  '.pq': 'parquet',
}

/** Returns the format that a file's ending stands for; null for an unknown ending. */
export function formatOfFile(path: string): ResultFormat | ExportFormat | null {
  return FORMATS[extname(path).toLowerCase()] ?? null
}
