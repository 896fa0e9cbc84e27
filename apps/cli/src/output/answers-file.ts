import { extname } from 'node:path'
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
  const { openWholeFile } = await import('@dwh/warehouse')
  const whole = await openWholeFile(path, { random, flag: '--output ' })
  const file = await whole.open()
  let isOpen = true
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
        throw whole.failure(error)
      }
    },
    size: () => null,
    isFile: !whole.direct,
    async keep() {
      await end()
      await whole.keep()
    },
    async close() {
      await end()
      await whole.close()
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
