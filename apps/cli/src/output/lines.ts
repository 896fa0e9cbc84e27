import { printable } from '@dwh/core'
import { cutText, wrapWords } from '@dwh/warehouse'
import pc from 'picocolors'
import stringWidth from 'string-width'

/** How columns that are wider than the terminal fit into it. */
export interface Fit {
  /** Maximum length of a line; undefined for no maximum. */
  readonly width: number | undefined
  /** Columns whose cells are cut, `…` marks the cut; the first gives way first. */
  readonly cut?: readonly number[]
  /** Wrap the last column between words, instead of cutting. */
  readonly wrap?: boolean
}

const GAP = 2

/**
 * Aligns rows in columns, two blanks apart; the columns in `right` are aligned to the right. Cells are made safe to
 * print.
 */
export function alignColumns(
  rows: readonly (readonly string[])[],
  right: readonly number[] = [],
  { width, cut = [], wrap = false }: Fit = { width: undefined },
): string {
  const printed = rows.map((row) => row.map(printable))
  const cells = width === undefined ? printed : wrap ? wrapLast(printed, width) : cutCells(printed, width, cut)
  const widths = widthsOf(cells)
  const pad = (cell: string, i: number) => {
    const space = ' '.repeat((widths[i] ?? 0) - stringWidth(cell))
    return right.includes(i) ? space + cell : cell + space
  }
  return cells.map((row) => `${row.map(pad).join(' '.repeat(GAP)).trimEnd()}\n`).join('')
}

function widthsOf(cells: readonly (readonly string[])[]): number[] {
  const widths: number[] = []
  for (const row of cells)
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, stringWidth(cell))
    })
  return widths
}

/** A cell is never cut to less. */
const NARROWEST = 8

function cutCells(cells: readonly string[][], width: number, cut: readonly number[]): string[][] {
  const widths = widthsOf(cells)
  for (const column of cut) {
    const over = widths.reduce((sum, each) => sum + each + GAP, -GAP) - width
    if (over > 0) widths[column] = Math.max(Math.min(NARROWEST, widths[column] ?? 0), (widths[column] ?? 0) - over)
  }
  return cells.map((row) => row.map((cell, i) => cutText(cell, widths[i] ?? 0)))
}

function wrapLast(cells: readonly string[][], width: number): string[][] {
  const last = Math.max(...cells.map((row) => row.length)) - 1
  const before = widthsOf(cells)
    .slice(0, last)
    .reduce((sum, each) => sum + each + GAP, 0)
  return cells.flatMap((row) => {
    const [first = '', ...rest] = wrapWords(row[last] ?? '', width - before)
    return [[...row.slice(0, last), first], ...rest.map((line) => [...Array<string>(last).fill(''), line])]
  })
}

/** Marks a line, and wraps it to a terminal, if there is one, with its further lines indented. */
export function markedLines(mark: string, text: string, width: number | undefined): string {
  const lines = width === undefined ? [text] : wrapWords(text, width - 2)
  return lines.map((line, i) => `${i === 0 ? mark : ' '} ${line}\n`).join('')
}

/** Makes a text of several lines safe to print. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n')
}

/** Formats a note: something to know that is not an error. */
export function noteLine(note: string, width?: number): string {
  return markedLines(pc.yellow('!'), printable(note), width)
}
