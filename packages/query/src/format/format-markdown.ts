import type { QueryResult } from '../query-result.ts'
import type { FormatOptions } from './format-options.ts'
import { holdRows } from './held-rows.ts'
import { isNumber } from './value-text.ts'

/** GitHub's tables: https://github.github.com/gfm/#tables-extension- */
export async function* formatMarkdown(result: QueryResult, options: FormatOptions): AsyncGenerator<string> {
  const { header, rows } = await holdRows(result, options)
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replace(/[\\|]/g, '\\$&')).join(' | ')} |\n`
  yield line(header)
  yield `|${result.columns.map(({ type }) => (isNumber(type) ? ' ---: ' : ' --- ')).join('|')}|\n`
  for (const row of rows) yield line(row)
}
