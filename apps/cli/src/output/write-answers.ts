import { throwIfAborted } from '@dwh/core'
import { type ExportFormat, formatResult, type ResultFormat, type RunQueryOptions, type Session } from '@dwh/warehouse'
import type { CommandContext } from '../command-context.ts'
import { exportAnswers, isExportFormat } from './export-answers.ts'

export interface AnswerStyle extends Pick<RunQueryOptions, 'params' | 'onNoRows'> {
  readonly format: ResultFormat | ExportFormat
  /** Whether CSV and TSV begin with the names of the columns. Default true. */
  readonly header?: boolean
  /** Maximum rows that a table shows; 0 shows all. */
  readonly maxRows: number
  /** Prefix of a setting's name: `--` on the command line, `.` in the shell. Default `--`. */
  readonly flag?: string
}

/**
 * Runs statements and writes each result to stdout, notes to stderr. Returns false once the reader has closed stdout,
 * as `head` does.
 */
export async function writeAnswers(
  session: Session,
  sql: string,
  { format, maxRows, header, params, onNoRows, flag = '--' }: AnswerStyle,
  { stdout, stderr }: Pick<CommandContext, 'stdout' | 'stderr'>,
  signal: AbortSignal,
): Promise<boolean> {
  if (isExportFormat(format)) return exportAnswers(session, sql, { format, header, params, onNoRows, signal }, stdout)
  for await (const result of session.query(sql, { signal, params, onNoRows })) {
    const notes: string[] = []
    const onNote = (note: string) => void notes.push(note)
    for await (const piece of formatResult(result, format, { maxRows, onNote })) {
      throwIfAborted(signal, 'query')
      if (!(await stdout.write(piece))) return false
    }
    for (const note of notes) stderr.write(`${note.replaceAll('--', flag)}\n`)
  }
  return true
}
