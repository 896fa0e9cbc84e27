import { DwhError, didYouMean, own } from '@dwh/core'
import { Command } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { fitHelp } from '../help/fit-help.ts'
import { helpWidth } from '../help/help-width.ts'
import { TOPICS } from '../help/topics.ts'

const HELP = `
Topics, besides the commands:
${Object.entries(TOPICS)
  .map(([name, { description }]) => `  ${name.padEnd(12)}${description}`)
  .join('\n')}

Examples:
  $ dwh help run           same as dwh run --help
  $ dwh help settings`

export function helpCommand(context: CommandContext): Command {
  return new Command('help')
    .description('explain a command, the settings or the exit codes')
    .argument('[topic]', 'name of a command, or a topic')
    .addHelpText('after', HELP)
    .action(async (topic: string | undefined, _, self: Command) => {
      const program = self.parent as Command
      if (topic === undefined) return program.outputHelp()
      const width = helpWidth(self.configureOutput().getOutHelpWidth?.())
      const text = own(TOPICS, topic)?.text(width)
      if (text !== undefined) return void (await context.stdout.write(fitHelp(text, width)))
      const command = program.commands.find((one) => one.name() === topic)
      if (command) return command.outputHelp()
      const known = [...Object.keys(TOPICS), ...program.commands.map((one) => one.name())]
      throw new DwhError('CONFIG_INVALID', `help: no command or topic ${JSON.stringify(topic)}`, {
        hint: `${didYouMean(topic, known).trim()} dwh --help lists them.`.trim(),
      })
    })
}
