import type { QueryResult, ResultColumn } from '../query-result.ts'
import type { DELIMITERS } from './format-options.ts'
import { timeZone } from './time-zone.ts'
import { fieldText } from './value-text.ts'

export interface CsvOptions {
  readonly delimiter?: (typeof DELIMITERS)[keyof typeof DELIMITERS] | undefined
  readonly header?: boolean | undefined
}

/** RFC 4180, with `\n` at the end of lines. NULL is an empty field, an empty text is `""`. */
export async function* formatCsv(
  { columns, rows, timeZone: zone }: QueryResult,
  { delimiter = ',', header = true }: CsvOptions = {},
): AsyncGenerator<string> {
  const local = timeZone(zone)
  if (header) yield csvHeader(columns, delimiter)
  for await (const batch of rows) {
    const lines = batch.map((row) =>
      columns.map(({ type }, i) => csvField(fieldText(row[i] ?? null, type, local), delimiter)).join(delimiter),
    )
    yield `${lines.join('\n')}\n`
  }
}

export function csvHeader(columns: readonly ResultColumn[], delimiter: string): string {
  return `${columns.map(({ name }) => csvField(name, delimiter)).join(delimiter)}\n`
}

/** Quotes what DuckDB quotes: also a `#`, which some readers take for a comment. */
function csvField(text: string | null, delimiter: string): string {
  if (text === null) return ''
  return text === '' || /["\r\n#]/.test(text) || text.includes(delimiter) ? `"${text.replaceAll('"', '""')}"` : text
}
