import { formatBytes, type PruneReport, plural, type Retention } from '@dwh/warehouse'
import { Command } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { alignColumns } from '../output/lines.ts'
import { waitingLine } from '../output/run-progress.ts'
import { addSettingFlags } from './setting-flags.ts'
import { type CommonFlags, open } from './shared.ts'

const HELP = `
Keeps the last so many days, weeks, months and years that have one, each by its last day, and removes all others. A day as of which a
table is current always stays, and no file is removed that a day that stays names. Without --yes it only says what it would do.
Without any --keep flag, keep: in dwh.yaml or DWH_KEEP_DAILY, DWH_KEEP_WEEKLY, DWH_KEEP_MONTHLY, DWH_KEEP_YEARLY say what to keep.

Examples:
  $ dwh prune --keep-daily 14 --keep-monthly 12          what would go
  $ dwh prune --keep-daily 14 --keep-monthly 12 --yes    remove it`

interface PruneFlags extends CommonFlags {
  readonly keepDaily?: number
  readonly keepWeekly?: number
  readonly keepMonthly?: number
  readonly keepYearly?: number
  readonly yes?: boolean
}

export function pruneCommand(context: CommandContext): Command {
  return addSettingFlags(new Command('prune'))
    .description('remove old days')
    .option('--yes', 'remove, instead of saying what would be removed')
    .addHelpText('after', HELP)
    .action(async (_, self: Command) => {
      const flags = self.optsWithGlobals<PruneFlags>()
      const warehouse = await open(flags, context)
      const report = await warehouse.prune({
        keep: retention(flags),
        remove: flags.yes ?? false,
        onWait: (holder) => context.stderr.write(`${waitingLine(holder)}\n`),
      })
      await context.stdout.write(flags.json ? `${JSON.stringify(report, null, 2)}\n` : text(report, flags.yes ?? false))
    })
}

/** What the flags say, all of it: those that are not given do not come from elsewhere. */
function retention(flags: PruneFlags): Retention | undefined {
  const { keepDaily: daily, keepWeekly: weekly, keepMonthly: monthly, keepYearly: yearly } = flags
  const given = { daily, weekly, monthly, yearly }
  return Object.values(given).some((count) => count !== undefined) ? given : undefined
}

function text({ removed, kept, current }: PruneReport, done: boolean): string {
  const staying = `${plural(kept.length, 'day')} ${kept.length === 1 ? 'stays' : 'stay'}${
    current.length > 0 ? `, of which ${current.join(', ')} only since tables are current as of then` : ''
  }`
  if (removed.length === 0) return `Nothing to remove: ${staying}.\n`
  const lines = alignColumns(
    removed.map(({ date, files, bytes }) => [date, plural(files, 'file'), formatBytes(bytes)]),
    [1, 2],
  )
  const bytes = removed.reduce((sum, day) => sum + day.bytes, 0)
  const what = `${plural(removed.length, 'day')}, ${formatBytes(bytes)}`
  return `${lines}${done ? `Removed ${what}` : `Would remove ${what}`}; ${staying}.${done ? '' : ' Do it with --yes.'}\n`
}
