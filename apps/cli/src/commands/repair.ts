import { printable } from '@dwh/core'
import { plural, type RepairReport } from '@dwh/warehouse'
import { Command } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { waitingLine } from '../output/run-progress.ts'
import { type CommonFlags, open } from './shared.ts'

const HELP = `
Finishes runs that were interrupted after their commit, removes orphans of other interrupted runs, and rebuilds missing
or damaged etl.json and manifests from the Parquet files alone: the footer of each file names its table, day and run.
Changes no Parquet file. Every run does the first two steps by itself.

Examples:
  $ dwh repair                    repair the warehouse
  $ dwh repair && dwh verify      repair it, then verify it`

export function repairCommand(context: CommandContext): Command {
  return new Command('repair')
    .description('finish or remove interrupted runs, and rebuild etl.json and manifests')
    .addHelpText('after', HELP)
    .action(async (_, command: Command) => {
      const flags = command.optsWithGlobals<CommonFlags>()
      const warehouse = await open(flags, context)
      const report = await warehouse.repair({ onWait: (holder) => context.stderr.write(`${waitingLine(holder)}\n`) })
      await context.stdout.write(
        flags.json ? `${JSON.stringify(report, null, 2)}\n` : text(report, warehouse.store.url),
      )
    })
}

function text({ rolledForward, removed, days, state, left }: RepairReport, url: string): string {
  const done = [
    ...(rolledForward === null ? [] : [`finished run ${rolledForward}, which was interrupted after its commit`]),
    ...(removed.length > 0 ? [`removed ${plural(removed.length, 'object')} of interrupted runs`] : []),
    ...(days.length > 0 ? [`rebuilt the manifest of ${days.join(', ')}`] : []),
    ...(state ? ['rebuilt etl.json'] : []),
    ...left.map(({ key, why }) => `left alone: ${printable(key)}: ${printable(why)}`),
  ]
  if (done.length === 0) return `Nothing to repair in ${url}\n`
  return `${done.map((line) => `- ${line}\n`).join('')}Repaired ${url}\n`
}
