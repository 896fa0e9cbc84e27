import { cutText, wrapWords } from '@dwh/warehouse'
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

/** Wraps the long lines of a message between words; each goes on at its own indent. */
export function fitMessage(text: string, size: Pick<TerminalSize, 'columns'> | null): string {
  if (size === null) return text
  const wrap = (line: string) => {
    const indent = /^ */.exec(line)?.[0] ?? ''
    const lines = wrapWords(line.slice(indent.length), Math.max(size.columns - indent.length, 1))
    return lines.map((one) => indent + one).join('\n')
  }
  return text.split('\n').map(wrap).join('\n')
}
