import { OTHER_VARIABLES, SETTINGS, type Setting, settingsHelp } from '@dwh/warehouse'
import { Command } from 'commander'
import type { CommandContext } from './command-context.ts'
import { completionCommand } from './commands/completion.ts'
import { daysCommand } from './commands/days.ts'
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

const START = `
Getting started:
  $ export DATABASE_URL=postgres://reader@localhost/app     the Postgres to read
  $ dwh init                                                write a commented dwh.yaml (optional)
  $ dwh plan                                                show what a run would do
  $ dwh run                                                 copy Postgres to Parquet; publish all tables or none
  $ dwh query "SELECT count(*) FROM customers"              query the files, with no server and no network
  $ dwh shell                                               open an interactive SQL prompt`

const EXIT_CODES = `Exit codes: 0 success, 1 failed and nothing was published, 2 wrong usage or configuration, 3 published, but some tables
still show the previous version, 4 another run is in progress or published first, 5 dwh verify found problems.`

/** Lists the settings; the scheduler lists its own in its help. */
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
Only in dwh.yaml: ${keys.filter((key) => !key.startsWith('tables.')).join(', ')};
and for each table: ${perTable.join(', ')}.`
}

/** Builds the whole command line. Only results go to stdout; progress, notes and errors go to stderr. */
export function makeProgram(context: CommandContext): Command {
  const program = new Command('dwh')
    .description('The data warehouse that anyone can host: Postgres to Parquet, to SQL through DuckDB.')
    .version(version)
  addCommonSettingFlags(program)
    .option('--config <path>', 'the configuration file (default: dwh.yaml, if it exists)')
    .option('--json', 'write the result as JSON')
    .option('--debug', 'print the stack trace and the causes of an error')
    .addHelpText('after', [START, settingsPart(), EXIT_CODES].join('\n\n'))
    .showSuggestionAfterError()
    .showHelpAfterError('(see dwh --help)')
  const commands = [
    initCommand,
    doctorCommand,
    planCommand,
    runCommand,
    statusCommand,
    historyCommand,
    daysCommand,
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
  // set on every command: commander passes these settings only to subcommands that it creates itself
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({
      writeOut: (text) => void context.stdout.write(text),
      // commander repeats arguments, which may hold a secret
      writeErr: (text) => void context.stderr.write(redact(text, context.hidden())),
    })
  }
  return program
}
