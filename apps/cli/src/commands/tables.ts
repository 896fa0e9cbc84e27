import { DwhError, matchesTable, parseTableName, type TableEntry } from '@dwh/core'
import { Command } from 'commander'
import { alignColumns } from '../output/lines.ts'
import { formatBytes, formatCount } from '../output/units.ts'
import type { World } from '../surroundings.ts'
import { type CommonFlags, locate, openForReading, readSnapshot } from './shared.ts'

const HELP = `
The tables of the warehouse: sizes for all of them, columns for those that are named. With --json also the paths of their files.

Examples:
  $ dwh tables                              what there is
  $ dwh tables orders "billing.*"           their columns
  $ dwh tables --as-of 2026-02-18 --json    the files of a day, for any program that reads Parquet`

interface TablesFlags extends CommonFlags {
  readonly asOf?: string
}

interface ListedTable {
  readonly name: string
  readonly entry: TableEntry
  readonly rows: number
  readonly bytes: number
}

export function tablesCommand(world: World): Command {
  return new Command('tables')
    .description('tables, their sizes, columns and files')
    .argument('[patterns...]', 'tables to show with their columns')
    .option('--as-of <day>', 'the tables as they were on that day')
    .addHelpText('after', HELP)
    .action(async (patterns: string[], _, command: Command) => {
      const flags = command.optsWithGlobals<TablesFlags>()
      const opened = await openForReading(flags, world)
      const { tables } = await readSnapshot(opened, flags.asOf)
      const listed = select(tables, patterns)
      const pathOf = (key: string) => locate(opened.store, key)
      const details = () => listed.map(columnsText).join('\n')
      const text = patterns.length > 0 ? details() : sizesText(listed)
      await world.stdout.write(
        flags.json
          ? `${JSON.stringify(
              listed.map((table) => asJson(table, pathOf)),
              null,
              2,
            )}\n`
          : text,
      )
    })
}

function select(tables: Readonly<Record<string, TableEntry>>, patterns: readonly string[]): ListedTable[] {
  for (const pattern of patterns) {
    if (Object.keys(tables).some((name) => matchesTable(pattern, parseTableName(name)))) continue
    throw new DwhError('CONFIG_INVALID', `${pattern}: the warehouse has no such table`, {
      hint: '`dwh tables` lists what there is.',
    })
  }
  return Object.entries(tables)
    .filter(
      ([name]) => patterns.length === 0 || patterns.some((pattern) => matchesTable(pattern, parseTableName(name))),
    )
    .map(([name, entry]) => ({
      name,
      entry,
      rows: entry.files.reduce((sum, file) => sum + file.rows, 0),
      bytes: entry.files.reduce((sum, file) => sum + file.bytes, 0),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

function sizesText(listed: readonly ListedTable[]): string {
  const header = ['TABLE', 'DATE', 'ROWS', 'SIZE', 'COLUMNS']
  const rows = listed.map(({ name, entry, rows, bytes }) => [
    name,
    entry.date,
    formatCount(rows),
    formatBytes(bytes),
    String(entry.columns.length),
  ])
  return alignColumns([header, ...rows], [2, 3, 4])
}

function columnsText({ name, entry, rows, bytes }: ListedTable): string {
  const title = alignColumns([[name, entry.date, `${formatCount(rows)} rows`, formatBytes(bytes)]])
  const columns = entry.columns.map((column) => [
    `  ${column.name}`,
    column.type,
    column.nullable ? '' : 'not null',
    entry.primary_key.includes(column.name) ? 'key' : '',
    column.source_type ?? '',
  ])
  return title + alignColumns(columns)
}

function asJson({ name, entry, rows, bytes }: ListedTable, pathOf: (key: string) => string) {
  const { date, run_id, source, snapshot, columns, primary_key, files } = entry
  return {
    name,
    date,
    rows,
    bytes,
    paths: files.map((file) => pathOf(file.key)),
    columns,
    primary_key,
    source,
    run_id,
    taken_at: snapshot.taken_at,
  }
}
