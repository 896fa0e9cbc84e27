import { DwhError, matchesTable, parseTableName, sizeOfFiles, type TableEntry } from '@dwh/core'
import { formatBytes, formatCount } from '@dwh/warehouse'
import { alignColumns } from './lines.ts'

/** One table of a list. */
export interface ListedTable {
  readonly name: string
  readonly entry: TableEntry
  readonly rows: number
  readonly bytes: number
}

/**
 * Lists the tables that match the patterns, or all tables, sorted by name.
 * @throws DwhError CONFIG_INVALID for a pattern that matches no table
 */
export function listTables(
  tables: Readonly<Record<string, TableEntry>>,
  patterns: readonly string[] = [],
): ListedTable[] {
  for (const pattern of patterns) {
    if (Object.keys(tables).some((name) => matchesTable(pattern, parseTableName(name)))) continue
    throw new DwhError('CONFIG_INVALID', `${pattern}: no such table in the warehouse`, {
      hint: '`dwh tables` lists all tables.',
    })
  }
  return Object.entries(tables)
    .filter(
      ([name]) => patterns.length === 0 || patterns.some((pattern) => matchesTable(pattern, parseTableName(name))),
    )
    .map(([name, entry]) => ({ name, entry, ...sizeOfFiles(entry.files) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

export function sizesText(listed: readonly ListedTable[], width?: number): string {
  const header = ['TABLE', 'DATE', 'ROWS', 'SIZE', 'COLUMNS']
  const rows = listed.map(({ name, entry, rows, bytes }) => [
    name,
    entry.date,
    formatCount(rows),
    formatBytes(bytes),
    String(entry.columns.length),
  ])
  return alignColumns([header, ...rows], [2, 3, 4], { width, cut: [0] })
}

export function columnsText({ name, entry, rows, bytes }: ListedTable, width?: number): string {
  const title = alignColumns([[name, entry.date, `${formatCount(rows)} rows`, formatBytes(bytes)]], [], {
    ...{ width, cut: [0] },
  })
  const columns = entry.columns.map((column) => [
    `  ${column.name}`,
    column.type,
    column.nullable ? '' : 'not null',
    entry.primary_key.includes(column.name) ? 'key' : '',
    column.source_type ?? '',
  ])
  return title + alignColumns(columns, [], { width, cut: [4, 1, 0] })
}
