import { printable } from '@dwh/core'
import pc from 'picocolors'
import stringWidth from 'string-width'

/**
 * Aligns rows in columns, two blanks apart; the columns in `right` are aligned to the right. Cells are made safe to
 * print.
 */
export function alignColumns(rows: readonly (readonly string[])[], right: readonly number[] = []): string {
  const cells = rows.map((row) => row.map(printable))
  const widths: number[] = []
  for (const row of cells)
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, stringWidth(cell))
    })
  const pad = (cell: string, i: number) => {
    const space = ' '.repeat((widths[i] ?? 0) - stringWidth(cell))
    return right.includes(i) ? space + cell : cell + space
  }
  return cells.map((row) => `${row.map(pad).join('  ').trimEnd()}\n`).join('')
}

/** Makes a text of several lines safe to print. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n')
}

/** Wraps a text between words into lines of at most `width`; a longer word gets a line of its own. */
export function wrapWords(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`
    if (line !== '' && stringWidth(longer) > width) {
      lines.push(line)
      line = word
    } else line = longer
  }
  return [...lines, line]
}

/** Formats a note: something to know that is not an error. */
export function noteLine(note: string): string {
  return `${pc.yellow('!')} ${printable(note)}\n`
}
