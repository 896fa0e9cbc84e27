import { printable } from '@dwh/core'
import { type DayChanges, type DayDescription, formatBytes, formatCount, plural } from '@dwh/warehouse'
import { Command } from 'commander'
import stringWidth from 'string-width'
import type { CommandContext } from '../command-context.ts'
import { DEFAULT_WIDTH } from '../help/help-width.ts'
import { alignColumns } from '../output/lines.ts'
import { type CommonFlags, checkLimit, openForReading } from './shared.ts'

const HELP = `
Lists the days of the warehouse, newest first, with their tables, rows and size,
and how each differs from the day before it: its rows, and the tables that are
new (+), gone (-) or have other columns (~). Reads one small file per day.

Examples:
  $ dwh days
  $ dwh days --limit 365 --json
  $ dwh query --as-of 2026-02-17 "FROM customers"     query one of these days`

export function daysCommand(context: CommandContext): Command {
  return new Command('days')
    .description('list the days of the warehouse and what changed')
    .option('--limit <number>', 'number of days to list', '30')
    .addHelpText('after', HELP)
    .action(async (_, command: Command) => {
      const flags = command.optsWithGlobals<CommonFlags & { limit: string }>()
      const limit = checkLimit(flags.limit)
      const { warehouse } = await openForReading(flags, context)
      const days = await warehouse.describeDays(limit)
      await context.stdout.write(flags.json ? `${JSON.stringify(days.map(asJson), null, 2)}\n` : asText(days))
    })
}

function asText(days: readonly DayDescription[]): string {
  if (days.length === 0) return 'No days yet.\n'
  const header = ['DAY', 'TABLES', 'ROWS', 'CHANGE', 'SIZE']
  const rows = days.map(({ day, tables, rows, bytes, changes }) => [
    day,
    String(tables),
    formatCount(rows),
    changes === null ? '' : signed(changes.rows),
    formatBytes(bytes),
  ])
  const lines = alignColumns([header, ...rows], [1, 2, 3, 4])
    .trimEnd()
    .split('\n')
  // the last column is aligned to the right, so that all lines are equally wide
  const room = DEFAULT_WIDTH - stringWidth(lines[0] ?? '') - 2
  return lines
    .map((line, i) => `${line}  ${i === 0 ? '' : changesText(days[i - 1]?.changes ?? null, room)}`.trimEnd())
    .map((line) => `${line}\n`)
    .join('')
}

/** Names the tables where there is room, otherwise counts them. */
function changesText(changes: DayChanges | null, room: number): string {
  if (changes === null) return ''
  const { added, removed, altered } = changes
  const kinds: [sign: string, names: readonly string[]][] = [
    ['+', added],
    ['-', removed],
    ['~', altered],
  ]
  const names = kinds.flatMap(([sign, names]) => names.map((name) => `${sign}${printable(name)}`)).join(' ')
  if (stringWidth(names) <= room) return names
  return kinds
    .flatMap(([sign, names]) => (names.length === 0 ? [] : [`${sign}${plural(names.length, 'table')}`]))
    .join(' ')
}

function signed(rows: number): string {
  return rows > 0 ? `+${formatCount(rows)}` : formatCount(rows)
}

function asJson({ day, runId, tables, rows, bytes, changes }: DayDescription) {
  return { day, run_id: runId, tables, rows, bytes, changes: changes && changesAsJson(changes) }
}

function changesAsJson({ since, rows, added, removed, altered, newFiles, sameFiles }: DayChanges) {
  return { since, rows, added, removed, altered, new_files: newFiles, same_files: sameFiles }
}
