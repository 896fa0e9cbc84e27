import { Command } from 'commander'
import type { CommandContext } from './command-context.ts'
import { completeCommand } from './commands/complete.ts'
import { completionCommand } from './commands/completion.ts'
import { daysCommand } from './commands/days.ts'
import { doctorCommand } from './commands/doctor.ts'
import { exportCommand } from './commands/export.ts'
import { extensionsCommand } from './commands/extensions.ts'
import { helpCommand } from './commands/help.ts'
import { historyCommand } from './commands/history.ts'
import { initCommand } from './commands/init.ts'
import { openCommand } from './commands/open.ts'
import { planCommand } from './commands/plan.ts'
import { pruneCommand } from './commands/prune.ts'
import { queryCommand } from './commands/query.ts'
import { repairCommand } from './commands/repair.ts'
import { runCommand } from './commands/run.ts'
import { schemaCommand } from './commands/schema.ts'
import { addCommonSettingFlags } from './commands/setting-flags.ts'
import { shellCommand } from './commands/shell.ts'
import { statusCommand } from './commands/status.ts'
import { tablesCommand } from './commands/tables.ts'
import { verifyCommand } from './commands/verify.ts'
import { versionCommand } from './commands/version.ts'
import { viewsCommand } from './commands/views.ts'
import { fitHelp } from './help/fit-help.ts'
import { helpWidth } from './help/help-width.ts'
import { redact } from './output/report-error.ts'
import { usageError } from './usage/usage-error.ts'
import { version } from './version.ts'

/** The help lists the commands in these groups; a command in none comes last. */
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  'Copy Postgres:': ['init', 'doctor', 'plan', 'run'],
  'Read the warehouse:': ['query', 'shell', 'open', 'tables', 'schema', 'days', 'views', 'export'],
  'Maintenance:': ['status', 'history', 'verify', 'repair', 'prune'],
}
const LAST_GROUP = 'Other commands:'

const START = `
Getting started:
  $ export DATABASE_URL=postgres://reader@localhost/app
  $ dwh run                                      copy Postgres to Parquet files
  $ dwh query "SELECT count(*) FROM customers"   query them, with no server

Learn more:
  dwh <command> --help    options and examples of a command
  dwh help settings       variables, and keys of dwh.yaml
  dwh help exit-codes     what each exit code means`

/** Builds the whole command line. Only results go to stdout; progress, notes and errors go to stderr. */
export function makeProgram(context: CommandContext): Command {
  const program = new Command('dwh')
    .description('The data warehouse that anyone can host: Postgres to Parquet, to SQL through DuckDB.')
    .version(version)
  addCommonSettingFlags(program)
    .option('--config <path>', 'the configuration file (default: dwh.yaml, if it exists)')
    .option('--json', 'write the result as JSON')
    .option('--debug', 'print the stack trace and the causes of an error')
    .addHelpText('after', START)
    .helpCommand(false)
  const commands = [
    initCommand,
    doctorCommand,
    planCommand,
    runCommand,
    daysCommand,
    queryCommand,
    shellCommand,
    openCommand,
    tablesCommand,
    schemaCommand,
    viewsCommand,
    exportCommand,
    statusCommand,
    historyCommand,
    verifyCommand,
    repairCommand,
    pruneCommand,
    extensionsCommand,
    completionCommand,
    versionCommand,
    helpCommand,
  ]
  for (const make of commands) program.addCommand(make(context))
  program.addCommand(completeCommand(context), { hidden: true })
  for (const command of program.commands) command.helpGroup(groupOf(command))
  // set on every command: commander passes these settings only to subcommands that it creates itself
  for (const command of [program, ...program.commands]) fitOutput(command, context)
  return program
}

function groupOf(command: Command): string {
  const [group] = Object.entries(GROUPS).find(([, names]) => names.includes(command.name())) ?? []
  return group ?? LAST_GROUP
}

/** Fits the help to the terminal, and turns what commander says about wrong usage into our errors. */
function fitOutput(command: Command, context: CommandContext): void {
  const { getOutHelpWidth, getErrHelpWidth } = command.configureOutput()
  const outWidth = () => helpWidth(getOutHelpWidth?.())
  const errWidth = () => helpWidth(getErrHelpWidth?.())
  command
    .configureHelp({ subcommandTerm: (one) => one.name(), minWidthToWrap: 20 })
    .configureOutput({
      getOutHelpWidth: outWidth,
      getErrHelpWidth: errWidth,
      writeOut: (text) => void context.stdout.write(fitHelp(text, outWidth())),
      // commander repeats arguments, which may hold a secret
      writeErr: (text) => void context.stderr.write(redact(fitHelp(text, errWidth()), context.hidden())),
      // printed as every other error
      outputError: () => {},
    })
    .showSuggestionAfterError()
    .exitOverride((error) => {
      throw usageError(error, command) ?? error
    })
}
