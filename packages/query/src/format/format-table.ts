import { type DuckDBType, DuckDBTypeId } from '@duckdb/node-api'
import { plural } from '@dwh/core'
import type { QueryResult } from '../query-result.ts'
import { type FittedColumns, fitColumns } from './fit-columns.ts'
import type { FormatOptions } from './format-options.ts'
import { type HeldResult, holdRows, rowCount } from './held-rows.ts'
import { cutText, textWidth, wrapWords } from './text-width.ts'
import { isNumber, valueText } from './value-text.ts'

export async function* formatTable(result: QueryResult, options: FormatOptions): AsyncGenerator<string> {
  const held = await holdRows(result, options)
  yield* tableLines(result, held, fitTable(result, held, options.width), options)
}

/** Decides which columns of a table are shown in this width, and how wide; without a width all, uncut. */
export function fitTable({ columns }: QueryResult, { header, rows }: HeldResult, width?: number): FittedColumns {
  const limit = width === undefined ? Number.POSITIVE_INFINITY : width + 1
  const sizes = header.map((name, i) => ({
    name: textWidth(name, limit),
    values: rows.reduce((max, row) => Math.max(max, textWidth(row[i] ?? '', limit)), 0),
    cuttable: !isWhole(columns[i]?.type as DuckDBType),
  }))
  if (width !== undefined) return fitColumns(sizes, width)
  return { shown: sizes.map(({ name, values }, index) => ({ index, width: Math.max(name, values) })), gap: null }
}

/** Writes a table of the fitted columns, and below it the number of rows and what is not shown. */
export function* tableLines(
  { columns }: QueryResult,
  held: HeldResult,
  { shown, gap }: FittedColumns,
  options: FormatOptions,
): Generator<string> {
  const right = shown.map(({ index }) => isNumber(columns[index]?.type as DuckDBType))
  const line = (row: readonly string[]) => {
    const cells = shown.map(({ index, width }, i) => pad(cutText(row[index] ?? '', width), width, right[i] ?? false))
    if (gap !== null) cells.splice(gap, 0, '…')
    return ` ${cells.join(' │ ')}`.trimEnd()
  }
  const rules = shown.map(({ width }) => '─'.repeat(width + 2))
  if (gap !== null) rules.splice(gap, 0, '───')
  yield `${line(held.header)}\n${rules.join('┼')}\n`
  for (const row of held.rows) yield `${line(row)}\n`
  yield below(held, shown, options)
}

/** `(3 rows)`, or `(3 rows, 10 columns; 2 not shown: a, b; cut: c; \x shows all)`. */
function below(held: HeldResult, shown: FittedColumns['shown'], { width, seeAll }: FormatOptions): string {
  const { header, rows } = held
  if (width === undefined) return `(${rowCount(held)})\n`
  const hidden = header.filter((_, index) => !shown.some((column) => column.index === index))
  const isCut = (index: number, cells: number) =>
    [header, ...rows].some((row) => textWidth(row[index] ?? '', cells + 1) > cells)
  const cut = shown.filter(({ index, width: cells }) => isCut(index, cells)).map(({ index }) => header[index] as string)
  const parts = [
    hidden.length + cut.length > 0 ? `${rowCount(held)}, ${plural(header.length, 'column')}` : rowCount(held),
  ]
  if (hidden.length > 0) parts.push(`${hidden.length} not shown: ${someOf(hidden, width)}`)
  if (cut.length > 0) parts.push(`cut: ${someOf(cut, width)}`)
  if (parts.length > 1 && seeAll) parts.push(`${seeAll} shows all`)
  const lines = wrapWords(`(${parts.join('; ')})`, width)
  return `${lines.map((line) => cutText(line, width)).join('\n')}\n`
}

/** Lists names in about a line, and how many more there are. */
function someOf(names: readonly string[], width: number): string {
  let used = 0
  const fitting = names.findIndex((name) => {
    used += textWidth(name) + 2
    return used > width
  })
  if (fitting < 0) return names.join(', ')
  const listed = names.slice(0, Math.max(fitting, 1)).map((name) => cutText(name, width))
  const left = names.length - listed.length
  return left === 0 ? listed.join(', ') : `${listed.join(', ')} and ${left} more`
}

function pad(cell: string, width: number, right: boolean): string {
  const space = ' '.repeat(Math.max(width - textWidth(cell), 0))
  return right ? space + cell : cell + space
}

/** True for types whose values mislead when they are cut. */
const isWhole = (type: DuckDBType) => isNumber(type) || WHOLE.has(type.typeId)

const WHOLE: ReadonlySet<DuckDBTypeId> = new Set([
  DuckDBTypeId.BOOLEAN,
  DuckDBTypeId.DATE,
  DuckDBTypeId.TIME,
  DuckDBTypeId.TIME_TZ,
  DuckDBTypeId.TIMESTAMP,
  DuckDBTypeId.TIMESTAMP_S,
  DuckDBTypeId.TIMESTAMP_MS,
  DuckDBTypeId.TIMESTAMP_NS,
  DuckDBTypeId.TIMESTAMP_TZ,
])

/** A plan is already a drawing. */
export async function* formatPlan({ columns, rows }: QueryResult): AsyncGenerator<string> {
  for await (const batch of rows) {
    for (const row of batch) yield `${valueText(row.at(-1) ?? null, columns.at(-1)?.type as never) ?? ''}\n`
  }
}
