import { printable, type RunRecord } from '@dwh/core'
import { cutText, formatBytes, formatCount, formatDuration } from '@dwh/warehouse'
import { Command } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { alignColumns } from '../output/lines.ts'
import { type CommonFlags, checkLimit, openForReading } from './shared.ts'

const HELP = `
Lists past runs, successful and failed, newest first. READ: the tables that had changed; ROWS and SIZE are theirs.

Examples:
  $ dwh history
  $ dwh history --limit 100 --json`

export function historyCommand(context: CommandContext): Command {
  return new Command('history')
    .description('list past runs')
    .option('--limit <number>', 'number of runs to list', '20')
    .addHelpText('after', HELP)
    .action(async (_, command: Command) => {
      const flags = command.optsWithGlobals<CommonFlags & { limit: string }>()
      const limit = checkLimit(flags.limit)
      const { warehouse } = await openForReading(flags, context)
      const records = await warehouse.history(limit)
      await context.stdout.write(
        flags.json ? `${JSON.stringify(records, null, 2)}\n` : asText(records, context.stdout.size()?.columns),
      )
    })
}

const HEADER = ['RUN', 'DATE', 'STATUS', 'TABLES', 'READ', 'ROWS', 'SIZE', 'TOOK']
const RIGHT = ['TABLES', 'READ', 'ROWS', 'SIZE', 'TOOK']
/** What a terminal shows: the first of these lists without its columns that fits. */
const LEFT_OUT = [[], ['TABLES'], ['TABLES', 'SIZE'], ['TABLES', 'SIZE', 'DATE']]

function asText(records: readonly RunRecord[], width: number | undefined): string {
  if (records.length === 0) return 'No runs yet.\n'
  const rows = records.map(facts)
  const notes = records.map((record) => printable(record.error?.message ?? previousText(record)))
  if (width === undefined) {
    const right = RIGHT.map((name) => HEADER.indexOf(name))
    return alignColumns([[...HEADER, ''], ...rows.map((row, i) => [...row, notes[i] ?? ''])], right)
  }
  const lists = LEFT_OUT.map((hidden) => {
    const shown = HEADER.filter((name) => !hidden.includes(name))
    const right = shown.flatMap((name, i) => (RIGHT.includes(name) ? [i] : []))
    const cells = [HEADER, ...rows].map((row) => shown.map((name) => row[HEADER.indexOf(name)] ?? ''))
    return alignColumns(cells, right).trimEnd().split('\n')
  })
  const [header = '', ...lines] = lists.find((list) => list.every((line) => line.length <= width)) ?? lists.at(-1) ?? []
  const withNotes = lines.flatMap((line, i) => (notes[i] ? [line, `  ${cutText(notes[i], width - 2)}`] : [line]))
  return `${[header, ...withNotes].join('\n')}\n`
}

function facts(record: RunRecord): string[] {
  const tables = Object.values(record.tables)
  const read = tables.flatMap((table) => (table.status === 'written' ? [table] : []))
  const all = read.length + tables.filter(({ status }) => status === 'unchanged').length
  const rows = read.reduce((sum, table) => sum + table.rows, 0)
  const bytes = read.reduce((sum, table) => sum + table.bytes, 0)
  const published =
    record.status === 'failed'
      ? ['', '', '', '']
      : [String(all), String(read.length), formatCount(rows), formatBytes(bytes)]
  return [record.run_id, record.date, record.status, ...published, formatDuration(record.duration_ms)]
}

function previousText({ tables }: RunRecord): string {
  const failed = Object.entries(tables).flatMap(([name, table]) => (table.status === 'failed' ? [name] : []))
  return failed.length === 0 ? '' : `still showing the previous version: ${failed.join(', ')}`
}
