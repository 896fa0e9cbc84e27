import stringWidth from 'string-width'
import type { QueryResult } from '../query-result.ts'
import type { FormatOptions } from './format-options.ts'
import { holdRows } from './held-rows.ts'
import { isNumber, valueText } from './value-text.ts'

export async function* formatTable(result: QueryResult, options: FormatOptions): AsyncGenerator<string> {
  const { header, rows } = await holdRows(result, options)
  const right = result.columns.map(({ type }) => isNumber(type))
  const widths = header.map((name, i) =>
    rows.reduce((max, row) => Math.max(max, stringWidth(row[i] ?? '')), stringWidth(name)),
  )
  const line = (cells: readonly string[]) =>
    ` ${cells.map((cell, i) => pad(cell, widths[i] ?? 0, right[i] ?? false)).join(' │ ')}`.trimEnd()
  yield `${line(header)}\n${widths.map((width) => '─'.repeat(width + 2)).join('┼')}\n`
  for (const row of rows) yield `${line(row)}\n`
}

function pad(cell: string, width: number, right: boolean): string {
  const space = ' '.repeat(Math.max(width - stringWidth(cell), 0))
  return right ? space + cell : cell + space
}

/** A plan is already a drawing. */
export async function* formatPlan({ columns, rows }: QueryResult): AsyncGenerator<string> {
  for await (const batch of rows) {
    for (const row of batch) yield `${valueText(row.at(-1) ?? null, columns.at(-1)?.type as never) ?? ''}\n`
  }
}
