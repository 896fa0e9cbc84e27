import { DwhError, isDwhError } from '@dwh/core'
import type { OpenFile } from './local-files.ts'
import { tableNotLoaded } from './placeholder.ts'

/** A file that DuckDB reads, and what people call it. */
export interface OpenedFile {
  readonly key: string
  readonly file: OpenFile
}

const AGAIN =
  'Ask again: an open session sees what it began with, and this file was larger than the cache that would have kept it.'

const UNFORESEEN = 'The statement hides the name of this table. Name it plainly, or open it first with load().'

/** What DuckDB says, with the names of files instead of the numbers of descriptors. */
export function queryFailure(error: unknown, opened: readonly OpenedFile[]): DwhError {
  if (isDwhError(error)) return error
  const table = tableNotLoaded(error)
  if (table !== null)
    return new DwhError('QUERY_FAILED', `${table}: found only while the answer was already under way`, {
      hint: UNFORESEEN,
    })
  let message = (error instanceof Error ? error.message : String(error)).replace(/^Failed to extract statements: /, '')
  for (const { key, file } of opened) {
    // a URL is a secret, also where the message cuts it short
    const [plain = ''] = file.path.split('?')
    message = file.inPlace
      ? message.replace(/https?:\/\/[^\s']*/g, (url) => (url.startsWith(plain) ? key : url))
      : message.replaceAll(new RegExp(`${plain}(?!\\d)`, 'g'), key)
  }
  return new DwhError('QUERY_FAILED', message, { hint: hintFor(message) })
}

/** An object that is read in place became another one. */
export function replacedMeanwhile(table: string): DwhError {
  return new DwhError('QUERY_FAILED', `${table}: a run published it again while it was opened`, { hint: AGAIN })
}

function hintFor(message: string): string | undefined {
  if (/\bpublic\./i.test(message))
    return 'Tables of schema public go by their bare name: customers, not public.customers.'
  if (/does not exist/.test(message)) return '`dwh tables` lists what there is.'
  if (/\bETag\b/.test(message)) return AGAIN
  if (/Out of Memory/i.test(message))
    return 'Raise memory_limit (DWH_MEMORY_LIMIT), or let DWH_TMP be on a disk with room to spill to.'
  return undefined
}
