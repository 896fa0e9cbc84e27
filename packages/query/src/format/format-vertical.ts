import type { QueryResult } from '../query-result.ts'
import type { FormatOptions } from './format-options.ts'
import { fitTable, tableLines } from './format-table.ts'
import { type HeldResult, holdRows, rowCount } from './held-rows.ts'
import { cutText, textWidth, wrapText } from './text-width.ts'

/** One column per line, under a title for each row. Nothing is cut: a long value goes on in the next line. */
export async function* formatVertical(result: QueryResult, options: FormatOptions): AsyncGenerator<string> {
  yield* verticalLines(await holdRows(result, options), options.width)
}

/** A table, or `vertical` where the table would have to leave columns out. */
export async function* formatAuto(result: QueryResult, options: FormatOptions): AsyncGenerator<string> {
  const held = await holdRows(result, options)
  const fitted = fitTable(result, held, options.width)
  yield* fitted.gap === null ? tableLines(result, held, fitted, options) : verticalLines(held, options.width)
}

/** ` name │ value`: what a line takes besides the two. */
const BORDER = 4

function* verticalLines(held: HeldResult, width = Number.POSITIVE_INFINITY): Generator<string> {
  const { header, rows } = held
  const longest = header.reduce((max, name) => Math.max(max, textWidth(name)), 0)
  const nameWidth = Math.min(longest, Math.max(Math.floor(width / 2) - BORDER, 1))
  const room = Math.max(width - nameWidth - BORDER, 1)
  const widest = rows.flat().reduce((max, value) => Math.max(max, textWidth(value, room)), 0)
  const names = header.map((name) => {
    const short = cutText(name, nameWidth)
    return short + ' '.repeat(nameWidth - textWidth(short))
  })
  for (const [at, row] of rows.entries()) {
    const title = `─[ row ${at + 1} ]─`
    yield `${cutText(title.padEnd(nameWidth + BORDER + widest, '─'), width)}\n`
    for (const [i, value] of row.entries()) {
      const lines = wrapText(value, room)
      yield lines.map((line, n) => ` ${n === 0 ? names[i] : ' '.repeat(nameWidth)} │ ${line}`.trimEnd()).join('\n')
      yield '\n'
    }
  }
  yield `(${rowCount(held)})\n`
}
