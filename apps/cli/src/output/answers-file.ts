import { constants } from 'node:fs'
import { type FileHandle, open, realpath, rename, rm, stat } from 'node:fs/promises'
import { extname } from 'node:path'
import { DwhError } from '@dwh/core'
import type { ExportFormat, ResultFormat } from '@dwh/warehouse'
import type { CommandContext, Output } from '../command-context.ts'

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
export async function openAnswersFile(path: string, { random }: Pick<CommandContext, 'random'>): Promise<AnswersFile> {
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
  // a symbolic link stays, and its target is replaced
  const target = there?.isFile() ? await realpath(path) : path
  const written = direct ? path : `${target}.${Buffer.from(random(6)).toString('hex')}.tmp`
  const file: FileHandle = await open(written, direct ? constants.O_WRONLY : 'wx').catch((error) => {
    throw wrong(error)
  })
  let isOpen = true
  let kept = false
  const end = async () => {
    if (isOpen) await file.close()
    isOpen = false
  }
  return {
    async write(piece) {
      try {
        await file.writeFile(piece)
        return true
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EPIPE') return false
        throw wrong(error)
      }
    },
    size: () => null,
    isFile: !direct,
    async keep() {
      if (!direct) await file.sync()
      await end()
      if (!direct)
        await rename(written, target).catch((error) => {
          throw wrong(error)
        })
      kept = true
    },
    async close() {
      await end()
      if (!direct && !kept) await rm(written, { force: true })
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
