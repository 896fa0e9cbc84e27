import { Command } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { noteDay } from '../output/day-note.ts'
import { AS_OF, type CommonFlags, openForReading } from './shared.ts'

const HELP = `
Prints an SQL script that creates one view per table in any DuckDB, over the
files of the last good run. Run it again after each run: it replaces its views,
drops those of tables that have left, and leaves your own views alone. For a
bucket it carries the CREATE SECRET statement, with placeholders for the key.

Examples:
  $ dwh views > views.sql && duckdb -init views.sql
  $ dwh views | duckdb my.duckdb
  $ dwh views --root /mnt/warehouse     the same files, as another machine sees them
  $ dwh views --root s3://copy/shop     a copy in a bucket`

interface ViewsFlags extends CommonFlags {
  readonly asOf?: string
  readonly root?: string
}

export function viewsCommand(context: CommandContext): Command {
  return new Command('views')
    .description('print the SQL of the views, for any DuckDB')
    .option(...AS_OF)
    .option('--root <place>', 'folder or URL where the script finds the files (default: where the warehouse is)')
    .addHelpText('after', HELP)
    .action(async (_, command: Command) => {
      const flags = command.optsWithGlobals<ViewsFlags>()
      const { warehouse } = await openForReading(flags, context)
      const { sql, ...shown } = await warehouse.views({ asOf: flags.asOf, root: flags.root })
      noteDay(flags.asOf, shown, context)
      const json = { sql, day: shown.day, run_id: shown.runId }
      await context.stdout.write(flags.json ? `${JSON.stringify(json, null, 2)}\n` : sql)
    })
}
