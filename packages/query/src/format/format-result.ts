import { printable } from '@dwh/core'
import stringWidth from 'string-width'
import type { QueryResult } from '../query-result.ts'
import { isNumber, valueJson, valueText } from './value-text.ts'

export const RESULT_FORMATS = ['table', 'json', 'jsonl', 'csv', 'markdown'] as const
export type ResultFormat = (typeof RESULT_FORMATS)[number]

export interface FormatOptions {
  /**
   * The row limit of `table` and `markdown`, which hold their rows in memory; 0 for all rows. Default 1,000. The other
   * formats stream all rows.
   */
  readonly maxRows?: number | undefined
  /** Called with a sentence when there were more rows. */
  readonly onNote?: ((note: string) => void) | undefined
}

export const DEFAULT_MAX_ROWS = 1000

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
      return formatCsv(result)
    case 'markdown':
      return formatMarkdown(result, options)
    case 'table':
      return result.isPlan ? formatPlan(result) : formatTable(result, options)
  }
}

/** One array of objects. Repeated column names get `_1`, `_2`. */
async function* formatJson(result: QueryResult): AsyncGenerator<string> {
  let before = '[\n  '
  for await (const lines of jsonObjects(result)) {
    yield before + lines.join(',\n  ')
    before = ',\n  '
  }
  yield before.startsWith('[') ? '[]\n' : '\n]\n'
}

/** One object per line: https://jsonlines.org */
async function* formatJsonLines(result: QueryResult): AsyncGenerator<string> {
  for await (const lines of jsonObjects(result)) yield `${lines.join('\n')}\n`
}

async function* jsonObjects({ columns, rows }: QueryResult): AsyncGenerator<string[]> {
  const names = uniqueNames(columns.map((column) => column.name)).map((name) => JSON.stringify(name))
  for await (const batch of rows) {
    yield batch.map(
      (row) => `{${columns.map(({ type }, i) => `${names[i]}:${valueJson(row[i] ?? null, type)}`).join(',')}}`,
    )
  }
}

function uniqueNames(names: readonly string[]): string[] {
  const taken = new Set<string>()
  return names.map((name) => {
    let unique = name
    for (let n = 1; taken.has(unique); n += 1) unique = `${name}_${n}`
    taken.add(unique)
    return unique
  })
}

/** RFC 4180, with `\n` at the end of lines. NULL is an empty field, an empty text is `""`. */
async function* formatCsv({ columns, rows }: QueryResult): AsyncGenerator<string> {
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

interface HeldResult {
  readonly header: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

async function hold(
  { columns, rows }: QueryResult,
  { maxRows = DEFAULT_MAX_ROWS, onNote }: FormatOptions,
): Promise<HeldResult> {
  const held: string[][] = []
  let more = false
  for await (const batch of rows) {
    for (const row of batch) {
      if (maxRows > 0 && held.length === maxRows) {
        more = true
        break
      }
      held.push(columns.map(({ type }, i) => printable(valueText(row[i] ?? null, type) ?? 'NULL')))
    }
    if (more) break
  }
  if (more)
    onNote?.(`Only the first ${maxRows} rows are shown: --max-rows 0 shows all, --format csv or jsonl streams them.`)
  return { header: columns.map((column) => printable(column.name)), rows: held }
}

async function* formatTable(result: QueryResult, options: FormatOptions): AsyncGenerator<string> {
  const { header, rows } = await hold(result, options)
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

/** GitHub's tables: https://github.github.com/gfm/#tables-extension- */
async function* formatMarkdown(result: QueryResult, options: FormatOptions): AsyncGenerator<string> {
  const { header, rows } = await hold(result, options)
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replace(/[\\|]/g, '\\$&')).join(' | ')} |\n`
  yield line(header)
  yield `|${result.columns.map(({ type }) => (isNumber(type) ? ' ---: ' : ' --- ')).join('|')}|\n`
  for (const row of rows) yield line(row)
}

/** A plan is already a drawing. */
async function* formatPlan({ columns, rows }: QueryResult): AsyncGenerator<string> {
  for await (const batch of rows) {
    for (const row of batch) yield `${valueText(row.at(-1) ?? null, columns.at(-1)?.type as never) ?? ''}\n`
  }
}
