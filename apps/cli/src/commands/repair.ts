import { printable } from '@dwh/core'
import { plural, type RepairReport } from '@dwh/warehouse'
import { Command } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { waitingLine } from '../output/run-progress.ts'
import { type CommonFlags, open } from './shared.ts'

const HELP = `
Makes the plain copies that are missing, removes what interrupted runs left, and rebuilds etl.json, indexes and
manifests that are missing or damaged, from each other and from the Parquet files: the footer of each file names its table, day
and run. Changes no file that a manifest names.

Examples:
  $ dwh repair                    repair the warehouse
  $ dwh repair && dwh verify      repair it, then verify it`

export function repairCommand(context: CommandContext): Command {
  return new Command('repair')
    .description('rebuild etl.json, manifests and plain copies, and remove orphans')
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

function text({ finished, removed, days, state, copies, left }: RepairReport, url: string): string {
  const done = [
    ...(finished === null ? [] : [`made the plain copies of run ${finished}, which was interrupted after its commit`]),
    ...(removed.length > 0 ? [`removed ${plural(removed.length, 'object')} of interrupted runs`] : []),
    ...(days.length > 0 ? [`rebuilt the manifest of ${days.join(', ')}`] : []),
    ...(state ? ['rebuilt etl.json'] : []),
    ...(copies.length > 0 ? [`plain copies made again: ${copies.join(', ')}`] : []),
    ...left.map(({ key, why }) => `left alone: ${printable(key)}: ${printable(why)}`),
  ]
  if (done.length === 0) return `Nothing to repair in ${url}\n`
  return `${done.map((line) => `- ${line}\n`).join('')}Repaired ${url}\n`
}
