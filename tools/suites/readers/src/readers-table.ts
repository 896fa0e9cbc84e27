import type { Misreading, Reader } from '@dwh/core'
import type { Engine } from './engines.ts'

/** A row of the page: what is stored, and the tables that show what becomes of it. A list is read as its elements are. */
export const ROWS: readonly { readonly title: string; readonly tables: readonly string[] }[] = [
  { title: 'BOOLEAN', tables: ['bool'] },
  { title: 'SMALLINT, INTEGER, BIGINT, UINTEGER', tables: ['int2', 'int4', 'int8', 'oid'] },
  { title: 'FLOAT, DOUBLE, with NaN, infinity and -0', tables: ['float4', 'float8'] },
  { title: 'DECIMAL, to 38 digits', tables: ['numeric_9_2', 'numeric_18_2', 'numeric_38_10'] },
  { title: 'VARCHAR', tables: ['text'] },
  { title: 'BLOB', tables: ['bytea'] },
  { title: 'DATE, years 1 to 9999', tables: ['date'] },
  { title: 'TIMESTAMP (also WITH TIME ZONE), years 1 to 9999', tables: ['timestamp', 'timestamptz'] },
  { title: 'TIME', tables: ['time'] },
  { title: 'UUID', tables: ['uuid'] },
  { title: 'JSON', tables: ['json'] },
  { title: 'a NULL list', tables: ['null_list'] },
  { title: 'DATE infinity', tables: ['date_infinities'] },
  { title: 'TIMESTAMP infinity', tables: ['timestamp_infinities', 'timestamptz_infinities'] },
  { title: 'DATE of other years', tables: ['date_far_years'] },
  { title: 'TIMESTAMP of other years', tables: ['timestamp_far_years', 'timestamptz_far_years'] },
  { title: 'TIMESTAMP WITH TIME ZONE 0001-01-01', tables: ['timestamptz_0001_01_01'] },
  { title: 'TIME 24:00:00', tables: ['time_24_00'] },
]

const CELLS: Readonly<Record<Misreading, string>> = {
  file: '**the file fails**',
  fails: 'fails',
  bytes: 'bytes',
  changes: '**changes**',
}

/** The table of docs/readers.md. `outcomes`: what each program did, by table. */
export function readersTable(
  engines: readonly Engine[],
  outcomes: ReadonlyMap<Reader, ReadonlyMap<string, Misreading | null>>,
): string {
  const ordered = [...engines].sort((a, b) => (a.reader < b.reader ? -1 : 1))
  const head = ['stored', ...ordered.map(({ title }) => title)]
  const rows = ROWS.map(({ title, tables }) => [
    title,
    ...ordered.map(({ reader }) => {
      const found = [...new Set(tables.map((table) => outcomes.get(reader)?.get(table) ?? null))]
      return found.map((misreading) => (misreading === null ? 'ok' : CELLS[misreading])).join(', ')
    }),
  ])
  return markdown([head, ...rows])
}

/** As the formatter of the project leaves it. */
function markdown(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => (row[i] ?? '').length)))
  const line = (cells: readonly string[]) => `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`
  const [head = [], ...rest] = rows
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rest.map(line)].join('\n')
}
