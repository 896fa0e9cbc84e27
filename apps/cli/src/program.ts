import { OTHER_VARIABLES, SETTINGS, type Setting, settingsHelp } from '@dwh/warehouse'
import { Command } from 'commander'
import type { CommandContext } from './command-context.ts'
import { completionCommand } from './commands/completion.ts'
import { doctorCommand } from './commands/doctor.ts'
import { extensionsCommand } from './commands/extensions.ts'
import { historyCommand } from './commands/history.ts'
import { initCommand } from './commands/init.ts'
import { planCommand } from './commands/plan.ts'
import { pruneCommand } from './commands/prune.ts'
import { queryCommand } from './commands/query.ts'
import { repairCommand } from './commands/repair.ts'
import { runCommand } from './commands/run.ts'
import { addCommonSettingFlags } from './commands/setting-flags.ts'
import { shellCommand } from './commands/shell.ts'
import { statusCommand } from './commands/status.ts'
import { tablesCommand } from './commands/tables.ts'
import { verifyCommand } from './commands/verify.ts'
import { viewsCommand } from './commands/views.ts'
import { redact } from './output/report-error.ts'
import { version } from './version.ts'

const WAY = `
The way:
  $ export DATABASE_URL=postgres://reader@localhost/app     which Postgres to read
  $ dwh init                                                a dwh.yaml with what there is, if you like
  $ dwh plan                                                what would happen
  $ dwh run                                                 Postgres -> Parquet, published all or nothing
  $ dwh query "SELECT count(*) FROM customers"              answers, with no server and no network
  $ dwh shell                                               a prompt`

const EXIT_CODES = `Exit codes: 0 done, 1 failed and nothing was published, 2 wrong usage or configuration, 3 published with some tables kept
from before, 4 another run is under way or was quicker, 5 dwh verify found something wrong.`

/** Those of the scheduler are in its own help. */
function settingsPart(): string {
  const settings = SETTINGS.filter(({ key }) => !key.startsWith('schedule'))
  const fileOnly = settings.filter(({ kind, variable }) => kind !== 'section' && kind !== 'tables' && !variable)
  const keys = fileOnly.filter(({ awsVariable }) => !awsVariable).map(({ key }) => key)
  const perTable = keys.flatMap((key) => (key.startsWith('tables.*.') ? [key.slice('tables.*.'.length)] : []))
  const others = Object.entries(OTHER_VARIABLES).map(
    ([variable, description]): Setting => ({ key: '', kind: 'text', description, variable }),
  )
  return `Settings come from flags, then from the environment, then from dwh.yaml in the working folder, then from defaults:
${settingsHelp([...settings, ...others])}
  ${settings.flatMap(({ awsVariable }) => awsVariable ?? []).join(', ')}: as the AWS SDK reads them
In dwh.yaml also: ${keys.filter((key) => !key.startsWith('tables.')).join(', ')};
and of each table: ${perTable.join(', ')}.`
}

/** The whole command line. stdout carries only the answer; progress, notes and errors go to stderr. */
export function makeProgram(context: CommandContext): Command {
  const program = new Command('dwh')
    .description('The data warehouse that anyone can host: Postgres to Parquet, to SQL through DuckDB.')
    .version(version)
  addCommonSettingFlags(program)
    .option('--config <path>', 'the configuration file (default: dwh.yaml, if there is one)')
    .option('--json', 'write the answer as JSON')
    .option('--debug', 'say more about an error')
    .addHelpText('after', [WAY, settingsPart(), EXIT_CODES].join('\n\n'))
    .showSuggestionAfterError()
    .showHelpAfterError('(see dwh --help)')
  const commands = [
    initCommand,
    doctorCommand,
    planCommand,
    runCommand,
    statusCommand,
    historyCommand,
    tablesCommand,
    queryCommand,
    shellCommand,
    viewsCommand,
    verifyCommand,
    repairCommand,
    pruneCommand,
    extensionsCommand,
    completionCommand,
  ]
  for (const make of commands) program.addCommand(make(context))
  // on every command: commander hands settings down only to those it makes itself
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({
      writeOut: (text) => void context.stdout.write(text),
      // it repeats arguments
      writeErr: (text) => void context.stderr.write(redact(text, context.hidden())),
    })
  }
  return program
}
