import { throwIfAborted } from '@dwh/core'
import { formatResult, type ResultFormat, type Session } from '@dwh/warehouse'
import type { CommandContext } from '../command-context.ts'

export interface AnswerStyle {
  readonly format: ResultFormat
  /** The most rows of a table; 0 for all. */
  readonly maxRows: number
  /** How a setting is named where these are typed: `--` on the command line, `.` in the shell. Default `--`. */
  readonly flag?: string
}

/** Runs statements and writes each answer to stdout, notes to stderr. False once nobody reads any more, as `head` does when it has seen enough. */
export async function writeAnswers(
  session: Session,
  sql: string,
  { format, maxRows, flag = '--' }: AnswerStyle,
  { stdout, stderr }: Pick<CommandContext, 'stdout' | 'stderr'>,
  signal: AbortSignal,
): Promise<boolean> {
  for await (const result of session.query(sql, { signal })) {
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
