import { pathOf } from '@dwh/warehouse'
import { Command } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { noteDay } from '../output/day-note.ts'
import { columnsText, type ListedTable, listTables, sizesText } from '../output/listed-tables.ts'
import { AS_OF, type CommonFlags, openForReading } from './shared.ts'

const HELP = `
Lists all tables with their sizes, or the columns of the tables that you name. With --json also the paths of the files.

Examples:
  $ dwh tables                              all tables
  $ dwh tables orders "billing.*"           columns of these tables
  $ dwh tables --as-of 2026-02-18 --json    files of a day, for any program that reads Parquet`

interface TablesFlags extends CommonFlags {
  readonly asOf?: string
}

export function tablesCommand(context: CommandContext): Command {
  return new Command('tables')
    .description('list tables with their sizes, columns and files')
    .argument('[patterns...]', 'tables to show with their columns')
    .option(...AS_OF)
    .addHelpText('after', HELP)
    .action(async (patterns: string[], _, command: Command) => {
      const flags = command.optsWithGlobals<TablesFlags>()
      const { warehouse } = await openForReading(flags, context)
      const shown = await warehouse.tables(flags.asOf)
      noteDay(flags.asOf, shown, context)
      const listed = listTables(shown.tables, patterns)
      const locate = (key: string) => pathOf(warehouse.store, key)
      const width = context.stdout.size()?.columns
      const details = () => listed.map((table) => columnsText(table, width)).join('\n')
      const text = patterns.length > 0 ? details() : sizesText(listed, width)
      await context.stdout.write(
        flags.json
          ? `${JSON.stringify(
              listed.map((table) => asJson(table, locate)),
              null,
              2,
            )}\n`
          : text,
      )
    })
}

function asJson({ name, entry, rows, bytes }: ListedTable, locate: (key: string) => string) {
  const { date, run_id, source, snapshot, columns, primary_key, files } = entry
  return {
    name,
    date,
    rows,
    bytes,
    paths: files.map((file) => locate(file.key)),
    columns,
    primary_key,
    source,
    run_id,
    taken_at: snapshot.taken_at,
  }
}
