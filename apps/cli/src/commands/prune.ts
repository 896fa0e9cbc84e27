import { formatBytes, type PruneReport, plural, type Retention } from '@dwh/warehouse'
import { Command } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { keptDaysText } from '../output/kept-days.ts'
import { alignColumns } from '../output/lines.ts'
import { waitingLine } from '../output/run-progress.ts'
import { addSettingFlags } from './setting-flags.ts'
import { type CommonFlags, open } from './shared.ts'

const HELP = `
Keeps the most recent N daily, weekly, monthly and yearly snapshots (the last day of each period), and removes all other
days. It never removes a day that holds the current version of a table, or a file that a remaining day uses. Without
--yes it only shows what it would remove. Without any --keep flag it uses keep: in dwh.yaml, or
DWH_KEEP_DAILY, DWH_KEEP_WEEKLY, DWH_KEEP_MONTHLY, DWH_KEEP_YEARLY. It lists which days stay, and the rule that keeps
each; current: a table is current as of that day.

Examples:
  $ dwh prune --keep-daily 14 --keep-monthly 12          show what would be removed
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
    .option('--yes', 'remove the days instead of only showing them')
    .addHelpText('after', HELP)
    .action(async (_, self: Command) => {
      const flags = self.optsWithGlobals<PruneFlags>()
      const done = flags.yes ?? false
      const warehouse = await open(flags, context)
      const report = await warehouse.prune({
        keep: retention(flags),
        remove: done,
        onWait: (holder) => context.stderr.write(`${waitingLine(holder)}\n`),
      })
      await context.stdout.write(flags.json ? `${JSON.stringify(asJson(report, done), null, 2)}\n` : text(report, done))
    })
}

/** Returns the retention of the flags alone: one flag replaces all settings of `keep`. */
function retention(flags: PruneFlags): Retention | undefined {
  const { keepDaily: daily, keepWeekly: weekly, keepMonthly: monthly, keepYearly: yearly } = flags
  const given = { daily, weekly, monthly, yearly }
  return Object.values(given).some((count) => count !== undefined) ? given : undefined
}

function text({ removed, wouldRemove, kept }: PruneReport, done: boolean): string {
  const days = done ? removed : wouldRemove
  const staying = keptDaysText(
    kept,
    days.map(({ date }) => date),
  )
  if (days.length === 0) return `Nothing to remove. ${staying}`
  const lines = alignColumns(
    days.map(({ date, files, bytes }) => [date, plural(files, 'file'), formatBytes(bytes)]),
    [1, 2],
  )
  const bytes = days.reduce((sum, day) => sum + day.bytes, 0)
  const what = `${plural(days.length, 'day')}, ${formatBytes(bytes)}`
  const said = done ? `Removed ${what}.` : `Would remove ${what}. Add --yes to remove.`
  return `${lines}${said}\n${staying}`
}

/** `would_remove` without --yes, `removed` with it: never the one for the other. */
function asJson({ removed, wouldRemove, kept }: PruneReport, done: boolean) {
  return { ...(done ? { removed } : { would_remove: wouldRemove }), kept }
}
