import { join } from 'node:path'
import { RESULT_FORMATS, type ResultFormat } from '@dwh/warehouse'
import { Command, Option } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { noteSession } from '../output/day-note.ts'
import { dotHelp } from '../shell/dot-command.ts'
import { historyFile } from '../shell/history-file.ts'
import { runScript } from '../shell/run-script.ts'
import { runTerminal } from '../shell/run-terminal.ts'
import { openShell } from '../shell/shell-session.ts'
import { inShellWords } from '../shell/shell-words.ts'
import { AS_OF, type CommonFlags, checkMaxRows, openForReading } from './shared.ts'

const help = () => `
Opens an interactive SQL prompt. Statements end with a semicolon and may span
several lines. Tab completes names, the arrow keys recall earlier lines, Ctrl-C
stops the running statement, Ctrl-D exits. Temporary tables, views and settings
last until the session ends. After a new run the next statement uses its tables,
and a line says so. Inside a transaction and with .as-of the tables stay the
same. Tables fit the terminal; longer results open in a pager (DWH_PAGER, PAGER
or less).

Commands, and those of psql, sqlite3 and mysql that do the same:
${dotHelp('  ')}
If stdin is not a terminal, it is read as a script of the same commands. A
script sees the tables of one run, and stops at the first error.

Examples:
  $ dwh shell
  $ dwh shell --as-of 2026-02-17
  $ dwh shell < report.sql > report.txt`

interface ShellFlags extends CommonFlags {
  readonly format: ResultFormat
  readonly asOf?: string
  readonly maxRows: string
  readonly pager: boolean
}

export function shellCommand(context: CommandContext): Command {
  return new Command('shell')
    .description('open an interactive SQL prompt')
    .addOption(new Option('--format <format>', 'output format').choices(RESULT_FORMATS).default('table'))
    .option(...AS_OF)
    .option('--max-rows <number>', 'maximum rows that a table shows; 0 shows all', '1000')
    .option('--no-pager', 'print long results at once, instead of in a pager')
    .addHelpText('after', help())
    .action(async (_, command: Command) => {
      const flags = command.optsWithGlobals<ShellFlags>()
      const maxRows = checkMaxRows(flags.maxRows)
      const { warehouse } = await openForReading(flags, context)
      const format = flags.json ? 'json' : flags.format
      const session = await openShell({ warehouse, context, asOf: flags.asOf, format, maxRows, pager: flags.pager })
      try {
        if (context.stdin.isTTY && context.stderr.isTTY) {
          const history = historyFile(join(warehouse.config.cache, 'history'))
          await runTerminal({ session, context, history, debug: flags.debug ?? false })
        } else {
          noteSession(flags.asOf, session.shownDay, { ...context, zone: warehouse.config.timezone })
          await runScript(session, context).catch((error) => {
            throw inShellWords(error)
          })
        }
      } finally {
        await session.close()
      }
    })
}
