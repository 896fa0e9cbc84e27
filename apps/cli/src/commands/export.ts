import { stat } from 'node:fs/promises'
import { DwhError, printable } from '@dwh/core'
import { type ExportedFile, formatBytes, plural, type TableExport } from '@dwh/warehouse'
import { Command } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { noteDay } from '../output/day-note.ts'
import { type CommonFlags, openForReading } from './shared.ts'

const HELP = `
Writes one complete Parquet file of a table: as of the day, or of the last day
before it that the warehouse has; without a day the current version. The file is
the one that the run wrote, checked against its SHA-256. It appears whole or not
at all, and replaces an old file of the same name.

Examples:
  $ dwh export orders                          orders-2026-02-18.parquet
  $ dwh export billing.invoices yesterday
  $ dwh export orders 2026-01 --to jan.parquet
  $ dwh export orders --to - | gpg -c > orders.gpg`

interface ExportFlags extends CommonFlags {
  readonly to?: string
}

export function exportCommand(context: CommandContext): Command {
  return new Command('export')
    .description('write a table as of a day to one Parquet file')
    .argument('<table>', 'name of the table')
    .argument('[day]', 'as --as-of: 2026-02-18, yesterday, 2026-01 (default: the current version)')
    .option('--to <file>', 'write to this file; "-" is stdout (default: <table>-<day>.parquet)')
    .addHelpText('after', HELP)
    .action(async (table: string, day: string | undefined, _, command: Command) => {
      const flags = command.optsWithGlobals<ExportFlags>()
      if (flags.to === '-') refuseStdout(flags, context)
      const { warehouse } = await openForReading(flags, context)
      const exported = await warehouse.export({ table, asOf: day, signal: context.signal })
      noteDay(day, exported, context)
      if (flags.to === '-') return toStdout(exported, context)
      const file = await exported.toFile(flags.to)
      if (flags.json) await context.stdout.write(`${JSON.stringify(asJson(exported, file), null, 2)}\n`)
      // a device may be stdout itself
      else if ((await stat(file.path)).isFile()) await context.stdout.write(asText(exported, file, flags.to))
    })
}

function refuseStdout({ json }: ExportFlags, { stdout }: CommandContext): void {
  if (json)
    throw new DwhError('CONFIG_INVALID', '--to - and --json: both write to stdout', { hint: 'Use one of the two.' })
  if (stdout.size() !== null)
    throw new DwhError('CONFIG_INVALID', '--to -: a terminal cannot show a Parquet file', {
      hint: 'Send it to another program, or write a file: --to orders.parquet.',
    })
}

/** Ends early, without an error, when the reader has enough. */
async function toStdout(exported: TableExport, { stdout }: CommandContext): Promise<void> {
  for await (const chunk of exported.bytes()) if (!(await stdout.write(chunk))) return
}

function asText({ table, day, rows, fileName }: TableExport, { bytes }: ExportedFile, to = fileName): string {
  return `Exported ${printable(table)} as of ${day} to ${printable(to)}: ${plural(rows, 'row')}, ${formatBytes(bytes)}\n`
}

function asJson({ table, day, takenAt, rows }: TableExport, { path, bytes, sha256 }: ExportedFile) {
  return { path, table, day, taken_at: takenAt, rows, bytes, sha256 }
}
