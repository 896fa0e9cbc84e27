import type { RunRecord } from '@dwh/core'
import { formatBytes, formatCount, formatDuration } from '@dwh/warehouse'
import { Command } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { alignColumns } from '../output/lines.ts'
import { type CommonFlags, checkLimit, openForReading } from './shared.ts'

const HELP = `
Lists past runs, successful and failed, newest first.

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
      await context.stdout.write(flags.json ? `${JSON.stringify(records, null, 2)}\n` : asText(records))
    })
}

function asText(records: readonly RunRecord[]): string {
  if (records.length === 0) return 'No runs yet.\n'
  const header = ['RUN', 'DATE', 'STATUS', 'TABLES', 'ROWS', 'SIZE', 'TOOK', '']
  const rows = records.map((record) => {
    const written = Object.values(record.tables).flatMap((table) => (table.status === 'written' ? [table] : []))
    const rows = written.reduce((sum, table) => sum + table.rows, 0)
    const bytes = written.reduce((sum, table) => sum + table.bytes, 0)
    const published =
      record.status !== 'failed' ? [String(written.length), formatCount(rows), formatBytes(bytes)] : ['', '', '']
    return [
      record.run_id,
      record.date,
      record.status,
      ...published,
      formatDuration(record.duration_ms),
      record.error?.message ?? previousText(record),
    ]
  })
  return alignColumns([header, ...rows], [3, 4, 5, 6])
}

function previousText({ tables }: RunRecord): string {
  const failed = Object.entries(tables).flatMap(([name, table]) => (table.status === 'failed' ? [name] : []))
  return failed.length === 0 ? '' : `still showing the previous version: ${failed.join(', ')}`
}
