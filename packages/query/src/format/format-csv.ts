import type { QueryResult } from '../query-result.ts'
import { valueText } from './value-text.ts'

/** RFC 4180, with `\n` at the end of lines. NULL is an empty field, an empty text is `""`. */
export async function* formatCsv({ columns, rows }: QueryResult): AsyncGenerator<string> {
  yield `${columns.map((column) => csvField(column.name)).join(',')}\n`
  for await (const batch of rows) {
    const lines = batch.map((row) => columns.map(({ type }, i) => csvField(valueText(row[i] ?? null, type))).join(','))
    yield `${lines.join('\n')}\n`
  }
}

function csvField(text: string | null): string {
  if (text === null) return ''
  return text === '' || /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
