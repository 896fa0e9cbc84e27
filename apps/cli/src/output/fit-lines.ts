import { cutText } from '@dwh/warehouse'
import { wrapWords } from './lines.ts'
import type { TerminalSize } from './terminal-size.ts'

/** Cuts each line of a text to a terminal. */
export function fitLines(text: string, columns: number): string {
  return text
    .split('\n')
    .map((line) => cutText(line, columns))
    .join('\n')
}

/** Wraps a sentence between words on a terminal, where a word that is too long is cut. */
export function fitSentence(text: string, size: Pick<TerminalSize, 'columns'> | null): string {
  return size === null ? text : fitLines(wrapWords(text, size.columns).join('\n'), size.columns)
}
