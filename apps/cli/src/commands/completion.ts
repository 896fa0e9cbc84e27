import { Argument, Command, type Option } from 'commander'
import type { CommandContext } from '../command-context.ts'

const SHELLS = ['bash', 'zsh', 'fish'] as const

const HELP = `
Prints the script with which a shell completes commands, flags and their values.

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

interface Flag {
  /** Such as `--format`, and `-f` if it exists. */
  readonly names: readonly string[]
  readonly description: string
  /** The allowed values; empty if any value is allowed; null for a flag without a value. */
  readonly values: readonly string[] | null
}

interface Described {
  readonly name: string
  readonly description: string
  /** The allowed arguments; empty if any argument is allowed. */
  readonly words: readonly string[]
  readonly flags: readonly Flag[]
}

/** Reads the commands and flags from commander, so that no second list exists. */
function describe(program: Command): Described[] {
  const help: Flag = { names: ['-h', '--help'], description: 'display help', values: null }
  return program.commands.map((command) => ({
    name: command.name(),
    description: command.description(),
    words: command.registeredArguments.flatMap((argument) => argument.argChoices ?? []),
    flags: [...[...command.options, ...program.options].map(describeFlag), help],
  }))
}

function describeFlag({ short, long, description, argChoices, required, optional }: Option): Flag {
  const names = [short, long].filter((name) => name !== undefined && name !== null)
  return { names, description, values: required || optional ? (argChoices ?? []) : null }
}

const SCRIPTS: Readonly<Record<(typeof SHELLS)[number], (commands: readonly Described[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
}

/** https://www.gnu.org/software/bash/manual/html_node/Programmable-Completion.html */
function bashScript(commands: readonly Described[]): string {
  const flags = commands.map(
    ({ name, flags, words }) =>
      `    ${name}) words='${[...flags.flatMap(({ names }) => names), ...words].join(' ')}' ;;`,
  )
  const values = uniqueFlags(commands).flatMap(({ names, values }) => {
    if (values === null) return []
    // if any value is allowed, bash completes file names
    return [`    ${names.join('|')}) ${values.length > 0 ? `words='${values.join(' ')}'` : 'return'} ;;`]
  })
  return `_dwh() {
  local current=\${COMP_WORDS[COMP_CWORD]} command words
  command=\${COMP_WORDS[1]}
  COMPREPLY=()
  words='${commands.map(({ name }) => name).join(' ')} --help --version'
  if [ "$COMP_CWORD" -gt 1 ]; then
    case $command in
${flags.join('\n')}
    *) return ;;
    esac
    case \${COMP_WORDS[COMP_CWORD-1]} in
${values.join('\n')}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _dwh dwh
`
}

/** https://zsh.sourceforge.io/Doc/Release/Completion-System.html */
function zshScript(commands: readonly Described[]): string {
  const quoted = (text: string) => text.replaceAll("'", "'\\''")
  const inSpec = (text: string) => quoted(text).replaceAll(/[[\]:\\]/g, '\\$&')
  const specs = (flag: Flag) =>
    flag.names.map((name) => {
      const value =
        flag.values === null ? '' : flag.values.length > 0 ? `:value:(${flag.values.join(' ')})` : ':value:_files'
      return `'${name}[${inSpec(flag.description)}]${value}'`
    })
  const cases = commands.map(({ name, flags, words }) => {
    const argument = words.length > 0 ? `'*:argument:(${words.join(' ')})'` : `'*:argument:_files'`
    return `    ${name}) _arguments ${[...flags.flatMap(specs), argument].join(' \\\n      ')} ;;`
  })
  return `#compdef dwh
_dwh() {
  local -a commands
  commands=(
${commands.map(({ name, description }) => `    '${name}:${inSpec(description)}'`).join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  shift words
  (( CURRENT -= 1 ))
  case $words[1] in
${cases.join('\n')}
  esac
}
if [ "$funcstack[1]" = _dwh ]; then _dwh "$@"; else compdef _dwh dwh; fi
`
}

/** https://fishshell.com/docs/current/completions.html */
function fishScript(commands: readonly Described[]): string {
  const quoted = (text: string) => `'${text.replaceAll(/['\\]/g, '\\$&')}'`
  const lines = commands.flatMap(({ name, description, flags, words }) => {
    const when = `-n '__fish_seen_subcommand_from ${name}'`
    return [
      `complete -c dwh -f -n __fish_use_subcommand -a ${name} -d ${quoted(description)}`,
      ...(words.length > 0 ? [`complete -c dwh -f ${when} -a ${quoted(words.join(' '))}`] : []),
      ...flags.map(({ names, description, values }) => {
        const spelled = names.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`))
        const value = values === null ? '' : values.length > 0 ? ` -x -a ${quoted(values.join(' '))}` : ' -r'
        return `complete -c dwh ${when} ${spelled.join(' ')}${value} -d ${quoted(description)}`
      }),
    ]
  })
  return `${lines.join('\n')}\n`
}

function uniqueFlags(commands: readonly Described[]): Flag[] {
  return [...new Map(commands.flatMap(({ flags }) => flags.map((flag) => [flag.names.join(), flag]))).values()]
}
