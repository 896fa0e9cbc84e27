import type { TablesOf } from '@dwh/warehouse'
import type { CommandContext } from '../command-context.ts'
import { snapshotText } from './snapshot-text.ts'

type ShownDay = Pick<TablesOf, 'day' | 'askedDay'>

/** Says which day is shown: `2026-02-13, the last day at or before 2026-02-15`. */
export function dayText({ day, askedDay }: ShownDay): string {
  return day === askedDay ? `${day}` : `${day}, the last day at or before ${askedDay}`
}

/** Says on stderr which day is shown, unless `--as-of` itself named it. */
export function noteDay(asOf: string | undefined, shown: ShownDay, { stderr }: Pick<CommandContext, 'stderr'>): void {
  if (asOf !== undefined && asOf !== shown.day) stderr.write(`note: as of ${dayText(shown)}\n`)
}

/** As `noteDay`, and says of which instants the tables are, in a time zone. */
export function noteSession(
  asOf: string | undefined,
  shown: ShownDay & Pick<TablesOf, 'takenAt'>,
  { stderr, zone }: Pick<CommandContext, 'stderr'> & { readonly zone: string },
): void {
  if (asOf === undefined || asOf === shown.day) return
  noteDay(asOf, shown, { stderr })
  const snapshot = snapshotText(shown.takenAt, zone)
  if (snapshot) stderr.write(`  ${snapshot.label} ${snapshot.text}\n`)
}
