import type { QueryResult } from '../query-result.ts'
import { formatCsv } from './format-csv.ts'
import { formatJson, formatJsonLines } from './format-json.ts'
import { formatMarkdown } from './format-markdown.ts'
import { DELIMITERS, type FormatOptions, type ResultFormat } from './format-options.ts'
import { formatPlan, formatTable } from './format-table.ts'
import { formatAuto, formatVertical } from './format-vertical.ts'

/** Formats a result as chunks of text; the last one ends with a line break. Leaving early also ends the result. */
export function formatResult(
  result: QueryResult,
  format: ResultFormat,
  options: FormatOptions = {},
): AsyncIterable<string> {
  switch (format) {
    case 'json':
      return formatJson(result)
    case 'jsonl':
      return formatJsonLines(result)
    case 'csv':
    case 'tsv':
      return formatCsv(result, { delimiter: DELIMITERS[format], header: options.header })
    case 'markdown':
      return formatMarkdown(result, options)
    case 'table':
      return result.isPlan ? formatPlan(result) : formatTable(result, options)
    case 'vertical':
      return result.isPlan ? formatPlan(result) : formatVertical(result, options)
    case 'auto':
      return result.isPlan ? formatPlan(result) : formatAuto(result, options)
  }
}
