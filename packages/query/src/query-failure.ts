import { DwhError, isDwhError } from '@dwh/core'
import type { OpenFile } from './local-files.ts'
import { tableNotLoaded } from './placeholder.ts'

/** A file that DuckDB reads, and its key. */
export interface OpenedFile {
  readonly key: string
  readonly file: OpenFile
}

const AGAIN =
  'Run the query again. An open session keeps the files it began with, but this one is larger than the cache.'

const UNFORESEEN = 'Write the name of the table in the statement, or open the table first with load().'

/** Converts an error of DuckDB. Its message names keys of files instead of descriptor numbers. */
export function queryFailure(error: unknown, opened: readonly OpenedFile[]): DwhError {
  if (isDwhError(error)) return error
  const table = tableNotLoaded(error)
  if (table !== null)
    return new DwhError('QUERY_FAILED', `${table}: not opened, because the statement does not name it`, {
      hint: UNFORESEEN,
    })
  let message = (error instanceof Error ? error.message : String(error)).replace(/^Failed to extract statements: /, '')
  for (const { key, file } of opened) {
    // a presigned URL is a secret, also when the message truncates it
    const [plain = ''] = file.path.split('?')
    message = file.inPlace
      ? message.replace(/https?:\/\/[^\s']*/g, (url) => (url.startsWith(plain) ? key : url))
      : message.replaceAll(new RegExp(`${plain}(?!\\d)`, 'g'), key)
  }
  return new DwhError('QUERY_FAILED', message, { hint: hintFor(message) })
}

/** The error when an object that is read in place was replaced. */
export function replacedMeanwhile(table: string): DwhError {
  return new DwhError('QUERY_FAILED', `${table}: replaced by a run while it was being opened`, { hint: AGAIN })
}

function hintFor(message: string): string | undefined {
  if (/\bETag\b/.test(message)) return AGAIN
  if (/Out of Memory/i.test(message))
    return 'Raise memory_limit (DWH_MEMORY_LIMIT), or set DWH_TMP to a disk with more free space for temporary files.'
  return undefined
}
