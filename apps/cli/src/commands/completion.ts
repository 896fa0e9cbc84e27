import { Argument, Command, type Option } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { bashScript } from '../completion/bash-script.ts'
import type { Described, Flag, LookedUp } from '../completion/described.ts'
import { fishScript } from '../completion/fish-script.ts'
import { zshScript } from '../completion/zsh-script.ts'
import { TOPICS } from '../help/topics.ts'

const SHELLS = ['bash', 'zsh', 'fish'] as const

const HELP = `
Prints the script with which a shell completes commands, flags and their values, and the names of tables and days of the warehouse. For a bucket these are the tables that were last read on this machine.

Examples:
  $ dwh completion bash >> ~/.bashrc                                bash, from the next session on
  $ dwh completion zsh > "\${fpath[1]}/_dwh"                         zsh, from the next session on
  $ dwh completion fish > ~/.config/fish/completions/dwh.fish       fish`

export function completionCommand(context: CommandContext): Command {
  return new Command('completion')
    .description('print the completion script of a shell')
    .addArgument(new Argument('<shell>', 'name of the shell').choices(SHELLS))
    .addHelpText('after', HELP)
    .action(async (shell: (typeof SHELLS)[number], _, command: Command) => {
      await context.stdout.write(SCRIPTS[shell](describe(command.parent as Command)))
    })
}

/** Reads the commands and flags from commander, so that no second list exists. */
function describe(program: Command): Described[] {
  const help: Flag = { names: ['-h', '--help'], description: 'display help', values: null, lookedUp: null, many: false }
  const commands = program.createHelp().visibleCommands(program)
  return commands.map((command) => {
    const choices = command.registeredArguments.flatMap((argument) => argument.argChoices ?? [])
    const topics = command.name() === 'help' ? [...Object.keys(TOPICS), ...commands.map((one) => one.name())] : []
    return {
      name: command.name(),
      description: command.description(),
      words: [...choices, ...topics],
      lookedUp: command.registeredArguments.flatMap((argument) => OF_ARGUMENT[argument.name()] ?? []),
      flags: [...[...command.options, ...program.options].map(describeFlag), help],
    }
  })
}

/** Names that are asked of the warehouse, by the argument. */
const OF_ARGUMENT: Readonly<Record<string, LookedUp>> = { patterns: 'tables', table: 'tables', day: 'days' }

/** Values that are asked of the warehouse, by the flag. */
const LOOKED_UP: Readonly<Record<string, LookedUp>> = { '--tables': 'tables', '--as-of': 'days', '--date': 'days' }

function describeFlag({ short, long, description, argChoices, required, optional, variadic }: Option): Flag {
  const names = [short, long].filter((name) => name !== undefined && name !== null)
  const values = required || optional ? (argChoices ?? []) : null
  return { names, description, values, lookedUp: LOOKED_UP[long ?? ''] ?? null, many: variadic }
}

const SCRIPTS: Readonly<Record<(typeof SHELLS)[number], (commands: readonly Described[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
}
