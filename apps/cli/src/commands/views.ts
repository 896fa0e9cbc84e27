import { Command } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { type CommonFlags, openForReading } from './shared.ts'

const HELP = `
Prints SQL that creates one view per table in any DuckDB, over the files of the last good run. Print it again
after each run.

Examples:
  $ dwh views > views.sql && duckdb -init views.sql
  $ dwh views | duckdb my.duckdb`

export function viewsCommand(context: CommandContext): Command {
  return new Command('views')
    .description('print the SQL of the views, for any DuckDB')
    .option('--as-of <day>', 'the tables as they were on that day')
    .addHelpText('after', HELP)
    .action(async (_, command: Command) => {
      const flags = command.optsWithGlobals<CommonFlags & { asOf?: string }>()
      const { warehouse } = await openForReading(flags, context)
      const sql = await warehouse.views(flags.asOf)
      await context.stdout.write(flags.json ? `${JSON.stringify({ sql }, null, 2)}\n` : sql)
    })
}
