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
Opens an interactive SQL prompt. Statements end with a semicolon and may span several lines. Tab completes names, the
arrow keys recall earlier lines, Ctrl-C stops the running statement, Ctrl-D exits. Temporary tables, views and settings
last until the session ends. After a new run the next statement uses its tables, and a line says so. Inside a
transaction and with .as-of the tables stay the same.

Commands:
  .tables               list the tables of the warehouse
  .schema [pattern]     show their columns
  .as-of [day]          show the tables of that day; without a day, those of the last run
  .format [format]      ${RESULT_FORMATS.join(', ')}
  .max-rows [number]    maximum rows that a table shows; 0 shows all
  .timer on|off         print how long each statement took
  .help                 show this list
  .quit                 exit

If stdin is not a terminal, it is read as a script of the same commands. A script sees the tables of one run, and stops
at the first error.

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
    .description('open an interactive SQL prompt')
    .addOption(new Option('--format <format>', 'output format').choices(RESULT_FORMATS).default('table'))
    .option('--as-of <day>', 'the tables as they were on that day')
    .option('--max-rows <number>', 'maximum rows that a table shows; 0 shows all', '1000')
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
