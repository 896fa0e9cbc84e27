import { DwhError, throwIfAborted } from '@dwh/core'
import { EXPORT_FORMATS, type ExportFormat, type ExportOptions, type Session } from '@dwh/warehouse'
import type { Output } from '../command-context.ts'

export function isExportFormat(format: string): format is ExportFormat {
  return EXPORT_FORMATS.some((known) => known === format)
}

/**
 * Runs statements and writes the rows of each result as bytes. Returns false once the reader has closed the output.
 * @throws DwhError QUERY_FAILED for a second result in Parquet, which a file cannot hold, and the session's errors
 */
export async function exportAnswers(
  session: Session,
  sql: string,
  options: ExportOptions,
  out: Output,
): Promise<boolean> {
  let results = 0
  for await (const bytes of session.export(sql, options)) {
    results += 1
    if (results > 1 && options.format === 'parquet')
      throw new DwhError('QUERY_FAILED', 'several results: a Parquet file holds one', {
        hint: 'Run one query for each file.',
      })
    for await (const piece of bytes) {
      throwIfAborted(options.signal, 'query')
      if (!(await out.write(piece))) return false
    }
  }
  return true
}
