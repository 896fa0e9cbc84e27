import { join } from 'node:path'
import { RESULT_FORMATS, type ResultFormat } from '@dwh/warehouse'
import { Command, Option } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { historyFile } from '../shell/history-file.ts'
import { runScript } from '../shell/run-script.ts'
import { runTerminal } from '../shell/run-terminal.ts'
import { openShell } from '../shell/shell-session.ts'
import { type CommonFlags, checkMaxRows, openForReading } from './shared.ts'

const HELP = `
Statements end with a semicolon and may go over several lines. Tab completes names, the arrows bring back what was typed, Ctrl-C stops
the running statement, Ctrl-D leaves. What the session makes stays until it ends: temporary tables, views, settings. After a new run the
next statement answers from it, and a line says so; within a transaction and in .as-of nothing changes.

Commands:
  .tables               the tables of the warehouse
  .schema [pattern]     their columns
  .as-of [day]          the tables of that day; without one, those of the last run again
  .format [format]      ${RESULT_FORMATS.join(', ')}
  .max-rows [number]    the most rows that a table shows; 0 for all
  .timer on|off         how long each statement took
  .help                 these lines
  .quit                 leave

Where stdin is no terminal it is read as a script of the same: it sees one run, and ends at the first error.

Examples:
  $ dwh shell
  $ dwh shell --as-of 2026-02-17
  $ dwh shell < report.sql > report.txt`

interface ShellFlags extends CommonFlags {
  readonly format: ResultFormat
  readonly asOf?: string
  readonly maxRows: string
}

export function shellCommand(context: CommandContext): Command {
  return new Command('shell')
    .description('a prompt for SQL')
    .addOption(new Option('--format <format>', 'how answers are written').choices(RESULT_FORMATS).default('table'))
    .option('--as-of <day>', 'the tables as they were on that day')
    .option('--max-rows <number>', 'the most rows that a table shows; 0 for all', '1000')
    .addHelpText('after', HELP)
    .action(async (_, command: Command) => {
      const flags = command.optsWithGlobals<ShellFlags>()
      const maxRows = checkMaxRows(flags.maxRows)
      const { warehouse } = await openForReading(flags, context)
      const format = flags.json ? 'json' : flags.format
      const session = await openShell({ warehouse, context, asOf: flags.asOf, format, maxRows })
      try {
        if (context.stdin.isTTY && context.stderr.isTTY) {
          const history = historyFile(join(warehouse.config.cache, 'history'))
          await runTerminal({ session, context, history, debug: flags.debug ?? false })
        } else {
          await runScript(session, context)
        }
      } finally {
        await session.close()
      }
    })
}
