import { throwIfAborted } from '@dwh/core'
import type { ExportFormat, QueryResult, ResultFormat, RunQueryOptions, Session } from '@dwh/warehouse'
import type { Output } from '../command-context.ts'
import { exportAnswers, isExportFormat } from './export-answers.ts'
import { fitMessage } from './fit-lines.ts'
import { type LendTerminal, pagedOutput } from './paged-output.ts'
import { queryProgress } from './query-progress.ts'
import type { PagerContext } from './run-pager.ts'
import { terminalSize } from './terminal-size.ts'

export interface AnswerStyle extends Pick<RunQueryOptions, 'params' | 'onRan'> {
  readonly format: ResultFormat | ExportFormat
  /** Whether CSV and TSV begin with the names of the columns. Default true. */
  readonly header?: boolean
  /** Maximum rows that a table shows; 0 shows all. */
  readonly maxRows: number
  /** What shows all columns of a table that is cut to the terminal. */
  readonly seeAll: string
  /** Lends the terminal to a pager; null for no pager. */
  readonly lend: LendTerminal | null
  /** Rewrites a note, such as for the commands of the shell. */
  readonly reword?: (note: string) => string
}

/**
 * Runs statements and writes each result to stdout, notes to stderr. On a terminal, results are fitted to it, and long
 * ones go to a pager. Returns false once the reader has closed stdout, as `head` does; leaving the pager only ends that
 * result.
 */
export async function writeAnswers(
  session: Session,
  sql: string,
  style: AnswerStyle,
  context: PagerContext,
  signal: AbortSignal,
): Promise<boolean> {
  const { format, header, params, onRan } = style
  const { stdout } = context
  const progress = queryProgress(context.stderr, () => session.progress())
  const rows: Output = {
    ...stdout,
    write(piece) {
      if (!stdout.isFile) progress.stop()
      return stdout.write(piece)
    },
  }
  progress.restart()
  try {
    // a terminal cannot take more than we can format, and may have a pager
    if (format === 'parquet' || (isExportFormat(format) && stdout.size() === null))
      return await exportAnswers(session, sql, { format, header, params, onRan, signal }, rows)
    for await (const result of session.query(sql, { signal, params, onRan })) {
      const answer = {
        result,
        format,
        style,
        context,
        signal,
        stopProgress: progress.stop,
        interrupt: () => session.interrupt(),
      }
      if (!(await writeAnswer(answer))) return false
      progress.restart()
    }
  } finally {
    progress.stop()
  }
  return true
}

interface Answer {
  readonly result: QueryResult
  readonly format: ResultFormat
  readonly style: AnswerStyle
  readonly context: PagerContext
  readonly signal: AbortSignal
  readonly stopProgress: () => void
  readonly interrupt: () => void
}

async function writeAnswer({
  result,
  format,
  style,
  context,
  signal,
  stopProgress,
  interrupt,
}: Answer): Promise<boolean> {
  const { maxRows, header, seeAll, lend, reword = (note) => note } = style
  const { stdout, stderr } = context
  const { formatResult } = await import('@dwh/warehouse')
  const notes: string[] = []
  const onNote = (note: string) => void notes.push(note)
  const width = stdout.size()?.columns
  let left = false
  const output = pagedOutput(context, lend, () => {
    left = true
    interrupt()
  })
  let open = true
  try {
    for await (const piece of formatResult(result, format, { maxRows, header, width, seeAll, onNote })) {
      throwIfAborted(signal, 'query')
      if (!stdout.isFile) stopProgress()
      if (!(await output.write(piece))) break
    }
  } catch (error) {
    // a statement that was interrupted because nobody reads on
    if (!left || signal.aborted) throw error
  } finally {
    stopProgress()
    open = await output.end()
  }
  for (const note of notes) stderr.write(fitMessage(`${reword(note)}\n`, terminalSize(stderr, context.env)))
  return open
}
