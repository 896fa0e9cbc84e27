import { printable } from '@dwh/core'
import { plural, type RepairReport } from '@dwh/warehouse'
import { Command } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { waitingLine } from '../output/run-progress.ts'
import { type CommonFlags, open } from './shared.ts'

const HELP = `
Finishes what was committed, removes what interrupted runs have left, and makes etl.json and manifests that are missing or
damaged again from the Parquet files alone: each file says in its footer which table, day and run it is. No Parquet file
is changed. Every run does the first two by itself.

Examples:
  $ dwh repair                    put the warehouse in order
  $ dwh repair && dwh verify      and see that it is whole`

export function repairCommand(context: CommandContext): Command {
  return new Command('repair')
    .description('finish or remove what was interrupted, make etl.json and manifests again')
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
    ...(days.length > 0 ? [`made the manifest of ${days.join(', ')} again`] : []),
    ...(state ? ['made etl.json again'] : []),
    ...left.map(({ key, why }) => `left alone: ${printable(key)}: ${printable(why)}`),
  ]
  if (done.length === 0) return `Nothing to repair in ${url}\n`
  return `${done.map((line) => `- ${line}\n`).join('')}Repaired ${url}\n`
}
