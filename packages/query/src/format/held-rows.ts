import { plural, printable } from '@dwh/core'
import type { QueryResult } from '../query-result.ts'
import { DEFAULT_MAX_ROWS, type FormatOptions } from './format-options.ts'
import { timeZone } from './time-zone.ts'
import { valueText } from './value-text.ts'

export interface HeldResult {
  readonly header: readonly string[]
  readonly rows: readonly (readonly string[])[]
  /** Whether there are more rows than these. */
  readonly more: boolean
}

/** Holds the rows of a result as printable text, at most `maxRows`. */
export async function holdRows(
  { columns, rows, timeZone: zone }: QueryResult,
  { maxRows = DEFAULT_MAX_ROWS, onNote }: FormatOptions,
): Promise<HeldResult> {
  const held: string[][] = []
  const local = timeZone(zone)
  let more = false
  for await (const batch of rows) {
    for (const row of batch) {
      if (maxRows > 0 && held.length === maxRows) {
        more = true
        break
      }
      held.push(columns.map(({ type }, i) => printable(valueText(row[i] ?? null, type, local) ?? 'NULL')))
    }
    if (more) break
  }
  if (more)
    onNote?.(`Only the first ${maxRows} rows are shown: --max-rows 0 shows all, --format csv or jsonl streams them.`)
  return { header: columns.map((column) => printable(column.name)), rows: held, more }
}

/** `3 rows`, or `first 1,000 rows` if there are more. */
export function rowCount({ rows, more }: HeldResult): string {
  return `${more ? 'first ' : ''}${plural(rows.length, 'row')}`
}
